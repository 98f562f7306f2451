// Things of the bus made from a target's bytes: mostly sensible ones, from a few names, so that they meet each other.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bus/crc32c.hpp"
#include "schemas/codec.hpp"
#include "schemas/frame.hpp"
#include "schemas/writer.hpp"
#include "tests/fuzz/input.hpp"

namespace fairlead::fuzz {

inline std::string make_name(Input& input) { return std::string(1, static_cast<char>('a' + input.byte() % 4)); }

inline ClientId make_client(Input& input) {
  const unsigned which = input.byte();
  return {.gateway = {0x60U + which % 2}, .counter = 1U + (which / 2) % 4};
}

inline schemas::Effect make_effect(Input& input) {
  using namespace schemas;  // NOLINT(google-build-using-namespace)
  switch (input.byte() % 9) {
    case 0:
      return Bind{make_client(input), input.byte() % 4 == 0 ? std::nullopt : std::optional(make_name(input))};
    case 1:
      return Join{.client = make_client(input), .group = make_name(input), .watch = input.byte() % 2 == 1};
    case 2:
      return Leave{make_client(input), make_name(input)};
    case 3:
      return Ungroup{make_name(input)};
    case 4: {
      SetSession set{.client = make_client(input), .expected = {}, .session = std::string(input.text())};
      if (const unsigned version = input.byte() % 8; version > 3) set.expected = version - 4;
      return set;
    }
    case 5:
      return CloseClient{.client = make_client(input), .now = input.byte() % 2 == 1, .last = make_name(input)};
    case 6: {
      SetTimer timer{.client = make_client(input), .name = make_name(input), .after = {}, .payload = make_name(input)};
      if (const std::uint64_t after = input.below(2000); after > 0) timer.after = after;
      return timer;
    }
    case 7:
      return CloseUid{.uid = make_name(input), .last = {}};
    default: {
      Send send{.scope = static_cast<Scope>(input.byte() % 4)};
      if (send.scope == Scope::clients) send.clients = {make_client(input), make_client(input)};
      if (send.scope == Scope::uids || send.scope == Scope::groups) send.names = {make_name(input), make_name(input)};
      if (input.byte() % 4 == 0) send.except = {make_client(input)};
      send.payload = input.text();
      return send;
    }
  }
}

inline std::vector<schemas::Effect> make_effects(Input& input) {
  std::vector<schemas::Effect> effects(input.byte() % 6);
  for (auto& effect : effects) effect = make_effect(input);
  return effects;
}

template <class... Records>
std::string make_frame(LinkId link, std::uint64_t seq, std::uint64_t ack, const Records&... records) {
  schemas::FrameBuilder builder;
  (schemas::append(builder.body(), records), ...);
  return builder.finish({.link = link, .seq = seq, .ack = ack});
}

// A frame whose records are any bytes.
inline std::string make_raw_frame(LinkId link, std::uint64_t seq, std::uint64_t ack, std::string_view records) {
  schemas::FrameBuilder builder;
  builder.body() += records;
  return builder.finish({.link = link, .seq = seq, .ack = ack});
}

// A record of the journal around any body.
inline std::string make_journal_record(std::string_view body, Lineage lineage) {
  std::string out;
  std::string salt;
  schemas::Writer(salt).number(lineage.value);
  for (const std::uint32_t number : {static_cast<std::uint32_t>(body.size()), crc32c(body, crc32c(salt))}) {
    for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>(number >> shift & 0xffU);
  }
  return out.append(body);
}

}  // namespace fairlead::fuzz
