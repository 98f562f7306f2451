// Records: what can be read can be written, and what is written reads as the same.
#include <string>

#include "schemas/codec.hpp"
#include "schemas/samples.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using namespace fairlead::schemas;  // NOLINT(google-build-using-namespace)

void check_record(Leg leg, std::string_view bytes) {
  Cursor cursor(bytes);
  const AnyRecord record = decode(leg, cursor);
  if (!cursor.ok() || std::holds_alternative<Unknown>(record)) return;
  const std::string written = encode(record);
  Cursor again(written);
  const AnyRecord same = decode(leg, again);
  FUZZ_DEMAND(again.ok() && again.at_end(), "what was written can be read");
  FUZZ_DEMAND(same == record, "it reads as the same");
  FUZZ_DEMAND(encode(same) == written, "it is written the same");
  if (const auto* outcome = std::get_if<Outcome>(&record)) {
    for (const Effect& effect : outcome->effects) {
      std::string one;
      append(one, effect);
      FUZZ_DEMAND(one.size() <= approximate_bytes(effect) + 64, "an effect is hardly larger than it was estimated");
    }
  }
}

template <class Payload>
void check_payload(fairlead::Result<Payload> (*decode)(std::string_view), std::string_view bytes) {
  const auto payload = decode(bytes);
  if (!payload) return;
  const std::string written = encode(*payload);
  const auto same = decode(written);
  FUZZ_DEMAND(same && encode(*same) == written, "a payload that was written reads as the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fairlead::fuzz::Input input(data, size);
  switch (const unsigned what = input.byte() % 8; what) {
    case 4:
      check_payload(&decode_handshake, input.rest());
      break;
    case 5:
      check_payload(&decode_close_reason, input.rest());
      break;
    case 6:
      check_payload(&decode_timer_fired, input.rest());
      break;
    case 7:
      check_payload(&decode_group_change, input.rest());
      break;
    default:
      check_record(static_cast<Leg>(what), input.rest());
  }
  return 0;
}
