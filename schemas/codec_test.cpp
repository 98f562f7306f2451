#include "schemas/codec.hpp"

#define MSGPACK_NO_BOOST
#include <gtest/gtest.h>
#include <msgpack.hpp>

#include "bus/random.hpp"
#include "schemas/limits.hpp"
#include "schemas/samples.hpp"

namespace fairlead::schemas {
namespace {

constexpr Leg legs[] = {Leg::gateway_to_broker, Leg::broker_to_gateway, Leg::worker_to_broker, Leg::broker_to_worker};

// Whether the bytes are one readable record on that leg.
bool readable(Leg leg, const AnyRecord& record) {
  const std::string bytes = encode(record);
  Cursor cursor(bytes);
  const AnyRecord back = decode(leg, cursor);
  return cursor.ok() && cursor.at_end() && back == record;
}

std::vector<std::string> strings(std::size_t count) { return std::vector<std::string>(count, "x"); }

// msgpack behind what we know of an array: a map, a float, a negative number, an extension, nested arrays.
const std::string from_the_future(
    "\x82\xa1"
    "a\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00\xa1"
    "b\x93\xff\xd4\x05\x01\x91\x90",
    21);

}  // namespace

TEST(Codec, every_record_comes_back_as_it_was) {
  for (const auto& sample : samples()) {
    SCOPED_TRACE(sample.record + " " + sample.shows);
    const std::string bytes = encode(sample.value);
    Cursor cursor(bytes);
    EXPECT_EQ(decode(sample.leg, cursor), sample.value);
    EXPECT_TRUE(cursor.ok());
    EXPECT_TRUE(cursor.at_end());
  }
}

TEST(Codec, there_is_a_sample_of_every_record) {
  std::vector<bool> seen(std::variant_size_v<AnyRecord>);
  for (const auto& sample : samples()) seen[sample.value.index()] = true;
  for (std::size_t index = 1; index < seen.size(); ++index) EXPECT_TRUE(seen[index]) << index;
}

TEST(Codec, what_it_writes_is_msgpack) {
  for (const auto& sample : samples()) {
    SCOPED_TRACE(sample.record + " " + sample.shows);
    const std::string bytes = encode(sample.value);
    std::size_t consumed = 0;
    const auto object = msgpack::unpack(bytes.data(), bytes.size(), consumed);
    EXPECT_EQ(consumed, bytes.size());
    EXPECT_EQ(object.get().type, msgpack::type::ARRAY);
  }
}

TEST(Codec, a_record_that_is_cut_anywhere_is_refused) {
  for (const auto& sample : samples()) {
    SCOPED_TRACE(sample.record + " " + sample.shows);
    const std::string bytes = encode(sample.value);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      Cursor cursor(std::string_view(bytes).substr(0, size));
      decode(sample.leg, cursor);
      EXPECT_FALSE(cursor.ok()) << "after " << size << " of " << bytes.size() << " bytes";
    }
  }
}

TEST(Codec, elements_of_a_newer_peer_are_passed_over) {
  for (const auto& sample : samples()) {
    SCOPED_TRACE(sample.record + " " + sample.shows);
    std::string bytes = encode(sample.value);
    ASSERT_EQ(bytes[0] & 0xf0, 0x90);
    bytes[0] = static_cast<char>(bytes[0] + 1);
    bytes += from_the_future;
    Cursor cursor(bytes);
    EXPECT_EQ(decode(sample.leg, cursor), sample.value);
    EXPECT_TRUE(cursor.ok());
    EXPECT_TRUE(cursor.at_end());
  }
}

TEST(Codec, missing_elements_are_refused) {
  for (const auto& sample : samples()) {
    SCOPED_TRACE(sample.record + " " + sample.shows);
    std::string bytes = encode(sample.value);
    bytes[0] = static_cast<char>(bytes[0] - 1);
    Cursor cursor(bytes);
    decode(sample.leg, cursor);
    EXPECT_FALSE(cursor.ok());
  }
}

TEST(Codec, records_of_other_types_are_unknown_and_passed_over) {
  std::string bytes("\x92\xcd\x03\xe7", 4);  // [999, …
  bytes += from_the_future;
  append(bytes, Heartbeat{7});
  for (const Leg leg : legs) {
    Cursor cursor(bytes);
    EXPECT_EQ(decode(leg, cursor), AnyRecord(Unknown{999}));
    EXPECT_EQ(decode(leg, cursor), AnyRecord(Heartbeat{7}));
  }
  const std::string unit = encode(AnyRecord(Unit{.client = {.gateway = {1}}}));
  Cursor cursor(unit);
  EXPECT_EQ(decode(Leg::broker_to_gateway, cursor), AnyRecord(Unknown{Unit::type}));  // a worker's business
}

TEST(Codec, strings_may_be_str) {
  const std::string bytes(
      "\x94\x18\xb0"
      "0123456789abcdef\xa4room\x02",
      25);
  Cursor cursor(bytes);
  const auto record = decode_to_gateway(cursor);
  ASSERT_TRUE(cursor.ok());
  EXPECT_EQ(std::get<Left>(record).group, "room");
  EXPECT_EQ(std::get<Left>(record).client.encode(), "0123456789abcdef");
}

TEST(Codec, keeps_the_limits_of_sizes) {
  const auto name = [](std::size_t size) { return Bound{.client = {}, .uid = std::string(size, 'x')}; };
  EXPECT_TRUE(readable(Leg::broker_to_gateway, name(max_name)));
  EXPECT_FALSE(readable(Leg::broker_to_gateway, name(max_name + 1)));
  const auto text = [](std::size_t size) { return Bye{std::string(size, 'x')}; };
  EXPECT_TRUE(readable(Leg::gateway_to_broker, text(max_text)));
  EXPECT_FALSE(readable(Leg::gateway_to_broker, text(max_text + 1)));
  const auto payload = [](std::size_t size) { return Event{.payload = std::string(size, 'x')}; };
  EXPECT_TRUE(readable(Leg::gateway_to_broker, payload(max_payload)));
  EXPECT_FALSE(readable(Leg::gateway_to_broker, payload(max_payload + 1)));
  const auto session = [](std::size_t size) { return SessionSet{.session = std::string(size, 'x')}; };
  EXPECT_TRUE(readable(Leg::broker_to_gateway, session(max_session)));
  EXPECT_FALSE(readable(Leg::broker_to_gateway, session(max_session + 1)));
}

TEST(Codec, keeps_the_limits_of_numbers) {
  const auto groups = [](std::size_t count) { return Unit{.groups = strings(count)}; };
  EXPECT_TRUE(readable(Leg::broker_to_worker, groups(max_groups)));
  EXPECT_FALSE(readable(Leg::broker_to_worker, groups(max_groups + 1)));
  const auto targets = [](std::size_t count) {
    return Deliver{.send = {.scope = Scope::groups, .names = strings(count)}};
  };
  EXPECT_TRUE(readable(Leg::broker_to_gateway, targets(max_targets)));
  EXPECT_FALSE(readable(Leg::broker_to_gateway, targets(max_targets + 1)));
  const auto effects = [](std::size_t count) { return Outcome{.effects = std::vector<Effect>(count, Ungroup{"g"})}; };
  EXPECT_TRUE(readable(Leg::worker_to_broker, effects(max_effects)));
  EXPECT_FALSE(readable(Leg::worker_to_broker, effects(max_effects + 1)));
  const auto events = [](std::size_t count) { return Unit{.events = std::vector<UnitEvent>(count)}; };
  EXPECT_TRUE(readable(Leg::broker_to_worker, events(max_unit_events)));
  EXPECT_FALSE(readable(Leg::broker_to_worker, events(max_unit_events + 1)));
}

TEST(Codec, refuses_numbers_that_mean_nothing) {
  EXPECT_FALSE(readable(Leg::gateway_to_broker, Event{.kind = static_cast<EventKind>(0)}));
  EXPECT_FALSE(readable(Leg::gateway_to_broker, Event{.kind = static_cast<EventKind>(6)}));
  EXPECT_FALSE(readable(Leg::worker_to_broker, Query{.ask = static_cast<Ask>(13)}));
  EXPECT_FALSE(readable(Leg::worker_to_broker, Outcome{.verdict = static_cast<Verdict>(3)}));
  EXPECT_FALSE(readable(Leg::broker_to_gateway, Deliver{.send = {.scope = static_cast<Scope>(4)}}));
  // A shard has 16 bits: 65536 must not become 0.
  const std::string bytes("\x93\x28\x01\xce\x00\x01\x00\x00", 8);
  Cursor cursor(bytes);
  decode_to_worker(cursor);
  EXPECT_FALSE(cursor.ok());
}

TEST(Codec, random_bytes_are_refused_or_read_and_never_loop) {
  Random random(20260301);
  const auto all = samples();
  for (int round = 0; round < 20000; ++round) {
    // Bytes from a record with some changed: pure noise would not get past the first one.
    std::string bytes;
    for (int records = 0; records < 3; ++records) bytes += encode(all[random.below(all.size())].value);
    for (std::uint64_t change = random.below(8); change > 0; --change)
      bytes[random.below(bytes.size())] = static_cast<char>(random.next());
    for (const Leg leg : legs) {
      Cursor cursor(bytes);
      std::size_t left = bytes.size() + 1;
      while (!cursor.at_end()) {
        ASSERT_LT(cursor.rest().size(), left);
        left = cursor.rest().size();
        decode(leg, cursor);
      }
    }
    decode_handshake(bytes).has_value();
    decode_close_reason(bytes).has_value();
  }
}

}  // namespace fairlead::schemas
