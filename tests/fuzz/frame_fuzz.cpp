// Frames: an opened one can be built again from its parts.
#include <string>

#include "schemas/frame.hpp"
#include "tests/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead::schemas;  // NOLINT(google-build-using-namespace)
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto opened = open_frame(bytes);
  if (!opened) {
    FUZZ_DEMAND(!opened.error().message.empty(), "an error says something");
    return 0;
  }
  FUZZ_DEMAND(bytes.ends_with(opened->records.rest()), "the records are the end of the frame");
  FrameBuilder builder(deliveries_topic(opened->header.link));
  builder.body() += opened->records.rest();
  const std::string built = builder.finish(opened->header);
  FUZZ_DEMAND(builder.empty(), "a builder begins anew");
  const auto again = open_frame(std::string_view(built).substr(topic_bytes));
  FUZZ_DEMAND(again && again->header == opened->header, "the same header");
  FUZZ_DEMAND(again->records.rest() == opened->records.rest(), "the same records");
  return 0;
}
