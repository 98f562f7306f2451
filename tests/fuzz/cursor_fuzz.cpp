// The cursor: asked for anything in any order, it stays within its bytes, never goes back, and once it has failed it says nothing more.
#include "schemas/cursor.hpp"
#include "tests/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fairlead::fuzz::Input input(data, size);
  const std::string_view questions = input.text();
  const std::string_view bytes = input.rest();
  fairlead::schemas::Cursor cursor(bytes);
  for (const char question : questions) {
    const bool had_failed = !cursor.ok();
    const std::size_t left = cursor.rest().size();
    std::uint64_t heard = 0;
    switch (static_cast<unsigned char>(question) % 8) {
      case 0:
        heard = cursor.array();
        FUZZ_DEMAND(heard <= left, "each element takes a byte");
        break;
      case 1:
        heard = cursor.number();
        break;
      case 2:
        heard = cursor.boolean() ? 1 : 0;
        break;
      case 3:
        heard = cursor.bytes(100).size();
        FUZZ_DEMAND(heard <= 100 && heard <= left, "no more bytes than there are, or than were wanted");
        break;
      case 4:
        heard = cursor.client().counter;
        break;
      case 5:
        heard = cursor.nil() ? 1 : 0;
        break;
      case 6:
        cursor.skip();
        break;
      default:
        cursor.skip(static_cast<unsigned char>(question));
    }
    FUZZ_DEMAND(cursor.rest().size() <= left && bytes.ends_with(cursor.rest()), "it goes forward, within the bytes");
    FUZZ_DEMAND(!had_failed || (!cursor.ok() && heard == 0), "what has failed has failed, and answers zeros");
  }
  return 0;
}
