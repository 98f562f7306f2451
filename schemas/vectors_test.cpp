// schemas/vectors/ shows the bytes of every record to whoever implements the bus in another language. Here they are
// held against the code, both ways. FAIRLEAD_REWRITE=1 writes them anew; the diff is the review.
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "bus/text.hpp"
#include "schemas/frame.hpp"
#include "schemas/samples.hpp"

namespace fairlead::schemas {
namespace {

using Json = nlohmann::ordered_json;

// ---- what a record means, as JSON

template <class T>
requires std::is_arithmetic_v<T> Json json(T number) { return number; }
template <class T>
requires std::is_enum_v<T> Json json(T number) { return static_cast<std::uint64_t>(number); }
template <class Tag>
Json json(Number64<Tag> number) {
  return number.value;
}
Json json(const ClientId& client) { return client.text(); }
Json json(const std::string& bytes) {
  if (is_utf8(bytes) && bytes.find('\0') == std::string::npos) return bytes;
  return {{"hex", to_hex(bytes)}};
}
Json json(const std::pair<std::string, std::string>& pair) { return {json(pair.first), json(pair.second)}; }
Json json(const Send& send);
Json json(const Effect& effect);
Json json(const UnitEvent& event);
template <class T>
Json json(const std::optional<T>& value) {
  return value ? json(*value) : Json(nullptr);
}
template <class T>
Json json(const std::vector<T>& values) {
  Json list = Json::array();
  for (const auto& value : values) list.push_back(json(value));
  return list;
}

// { "name": value, … } in the order of the wire.
template <class... Values>
Json object(const std::pair<const char*, Values>&... fields) {
  Json all = Json::object();
  ((all[fields.first] = json(fields.second)), ...);
  return all;
}
template <class T>
std::pair<const char*, T> field(const char* name, const T& value) {
  return {name, value};
}

Json json(const Send& e) {
  const auto targets = e.scope == Scope::clients ? json(e.clients) : json(e.names);
  Json all = object(field("scope", e.scope));
  all["targets"] = targets;
  all["except"] = json(e.except);
  all["payload"] = json(e.payload);
  all["binary"] = e.binary;
  return all;
}
Json json(const UnitEvent& e) {
  return object(field("seq", e.seq), field("kind", e.kind), field("binary", e.binary), field("payload", e.payload));
}

struct Fields {
  Json operator()(const Send& e) const { return {{"send", json(e)}}; }
  Json operator()(const Bind& e) const { return {{"bind", object(field("client", e.client), field("uid", e.uid))}}; }
  Json operator()(const Join& e) const {
    return {{"join", object(field("client", e.client), field("group", e.group), field("watch", e.watch))}};
  }
  Json operator()(const Leave& e) const {
    return {{"leave", object(field("client", e.client), field("group", e.group))}};
  }
  Json operator()(const Ungroup& e) const { return {{"ungroup", object(field("group", e.group))}}; }
  Json operator()(const SetSession& e) const {
    return {
        {"set_session", object(field("client", e.client), field("expected", e.expected), field("session", e.session))}};
  }
  Json operator()(const CloseClient& e) const {
    return {{"close",
             object(field("client", e.client), field("now", e.now), field("last", e.last), field("binary", e.binary))}};
  }

  Json operator()(const SetTimer& e) const {
    return {{"timer", object(field("client", e.client), field("name", e.name), field("after", e.after),
                             field("payload", e.payload))}};
  }
  Json operator()(const CloseUid& e) const {
    return {{"close_uid", object(field("uid", e.uid), field("last", e.last), field("binary", e.binary))}};
  }

  Json operator()(const Unknown& r) const { return object(field("type", r.type)); }
  Json operator()(const Heartbeat& r) const { return object(field("head", r.head)); }
  Json operator()(const Bye& r) const { return object(field("reason", r.reason)); }
  Json operator()(const Reset& r) const { return object(field("reason", r.reason)); }
  Json operator()(const Complaint& r) const { return object(field("reason", r.reason)); }
  Json operator()(const GatewayHello& r) const {
    return object(field("incarnation", r.incarnation), field("name", r.name), field("lineage", r.lineage),
                  field("applied", r.applied));
  }
  Json operator()(const ClientSnapshot& r) const {
    return object(field("client", r.client), field("committed", r.committed), field("peer", r.peer),
                  field("uid", r.uid), field("groups", r.groups), field("session_version", r.session_version),
                  field("session", r.session));
  }
  Json operator()(const Event& r) const {
    return object(field("client", r.client), field("seq", r.seq), field("kind", r.kind), field("binary", r.binary),
                  field("payload", r.payload));
  }
  Json operator()(const GatewayWelcome& r) const {
    return object(field("incarnation", r.incarnation), field("lineage", r.lineage), field("shard", r.shard),
                  field("next", r.next));
  }
  Json operator()(const Deliver& r) const { return object(field("send", r.send)); }
  Json operator()(const Bound& r) const { return object(field("client", r.client), field("uid", r.uid)); }
  Json operator()(const Joined& r) const {
    return object(field("client", r.client), field("group", r.group), field("watch", r.watch), field("size", r.size));
  }
  Json operator()(const Left& r) const {
    return object(field("client", r.client), field("group", r.group), field("size", r.size));
  }
  Json operator()(const Timer& r) const {
    return object(field("client", r.client), field("name", r.name), field("after", r.after),
                  field("payload", r.payload));
  }
  Json operator()(const Ungrouped& r) const { return object(field("group", r.group)); }
  Json operator()(const SessionSet& r) const {
    return object(field("client", r.client), field("version", r.version), field("session", r.session));
  }
  Json operator()(const Close& r) const {
    return object(field("client", r.client), field("now", r.now), field("last", r.last), field("binary", r.binary),
                  field("reason", r.reason));
  }
  Json operator()(const Replay& r) const {
    return object(field("client", r.client), field("kind", r.kind), field("binary", r.binary),
                  field("payload", r.payload));
  }
  Json operator()(const Committed& r) const { return object(field("client", r.client), field("seq", r.seq)); }
  Json operator()(const Refused& r) const { return object(field("client", r.client), field("reason", r.reason)); }
  Json operator()(const Gap& r) const { return object(field("through", r.through), field("reason", r.reason)); }
  Json operator()(const WorkerHello& r) const {
    return object(field("incarnation", r.incarnation), field("name", r.name), field("version", r.version),
                  field("app", r.app));
  }
  Json operator()(const Credit& r) const { return object(field("units", r.units)); }
  Json operator()(const Query& r) const {
    return object(field("id", r.id), field("ask", r.ask), field("clients", r.clients), field("names", r.names),
                  field("cursor", r.cursor), field("limit", r.limit));
  }
  Json operator()(const Drain&) const { return Json::object(); }
  Json operator()(const Outcome& r) const {
    return object(field("unit", r.unit), field("attempt", r.attempt), field("seq", r.seq), field("verdict", r.verdict),
                  field("effects", r.effects), field("error", r.error), field("after", r.after));
  }
  Json operator()(const Publication& r) const { return object(field("id", r.id), field("effects", r.effects)); }
  Json operator()(const Progress& r) const { return object(field("unit", r.unit), field("attempt", r.attempt)); }
  Json operator()(const WorkerWelcome& r) const {
    return object(field("incarnation", r.incarnation), field("shard", r.shard));
  }
  Json operator()(const Unit& r) const {
    return object(field("unit", r.unit), field("attempt", r.attempt), field("client", r.client),
                  field("gateway", r.gateway), field("peer", r.peer), field("session_version", r.session_version),
                  field("session", r.session), field("uid", r.uid), field("groups", r.groups),
                  field("events", r.events));
  }
  Json operator()(const Cancel& r) const { return object(field("unit", r.unit), field("attempt", r.attempt)); }
  Json operator()(const Drained&) const { return Json::object(); }
  Json operator()(const Answer& r) const {
    return object(field("id", r.id), field("complete", r.complete), field("items", r.items), field("next", r.next));
  }
  Json operator()(const Handshake& r) const {
    return object(field("peer", r.peer), field("listener", r.listener), field("path", r.path), field("query", r.query),
                  field("headers", r.headers), field("cookies", r.cookies));
  }
  Json operator()(const TimerFired& r) const { return object(field("name", r.name), field("payload", r.payload)); }
  Json operator()(const GroupChange& r) const {
    return object(field("group", r.group), field("joined", r.joined), field("size", r.size));
  }
  Json operator()(const CloseReason& r) const { return object(field("code", r.code), field("reason", r.reason)); }
};

Json json(const Effect& effect) { return std::visit(Fields{}, effect); }

// ---- the files

Json vector(const std::string& record, const std::string& shows, const std::string& bytes, Json fields) {
  Json one{{"record", record}};
  if (!shows.empty()) one["shows"] = shows;
  one["hex"] = to_hex(bytes);
  one["fields"] = std::move(fields);
  return one;
}

Json records(Leg leg) {
  Json all = Json::array();
  for (const auto& sample : samples()) {
    if (sample.leg != leg) continue;
    all.push_back(vector(sample.record, sample.shows, encode(sample.value), std::visit(Fields{}, sample.value)));
  }
  return all;
}

const Handshake websocket{.peer = "192.0.2.7:5123",
                          .listener = "ws://0.0.0.0:8080/ws",
                          .path = "/ws",
                          .query = {{"room", "a b"}},
                          .headers = {{"host", "example.org"}, {"user-agent", "x"}},
                          .cookies = {{"id", "7"}}};
const CloseReason gone{.code = 1001, .reason = "the gateway is gone"};
const TimerFired tick{.name = "tick", .payload = "round 1"};
const GroupChange joined{.group = "room", .joined = true, .size = 3};

Json payloads() {
  return {vector("open", "of a WebSocket client", encode(websocket), Fields{}(websocket)),
          vector("close", "", encode(gone), Fields{}(gone)), vector("timer", "", encode(tick), Fields{}(tick)),
          vector("group", "", encode(joined), Fields{}(joined))};
}

Json frame(const std::string& shows, const std::string& topic, const Header& header,
           const std::vector<AnyRecord>& records) {
  FrameBuilder builder(topic);
  for (const auto& record : records) builder.body() += encode(record);
  Json one{{"shows", shows}, {"hex", to_hex(builder.finish(header))}, {"topic", topic.empty() ? "" : to_hex(topic)}};
  one["header"] = {{"version", wire_version}, {"link", header.link.value}, {"seq", header.seq}, {"ack", header.ack}};
  one["records"] = records.size();
  return one;
}

Json frames() {
  const LinkId link{0x0123456789abcdef};
  const ClientId alice{.shard = 1, .gateway = {0x0123456789abcdef}, .counter = 0x42};
  const Outcome first{.unit = {1}, .attempt = 1, .seq = 2};
  const Outcome second{.unit = {1}, .attempt = 1, .seq = 3};
  return {
      frame("a worker's hello on DEALER: not numbered", "", {.link = link},
            {WorkerHello{.incarnation = {9}, .name = "w1", .version = "1.2", .app = "chat"}}),
      frame("outcomes 5 and 6 on PUB", outcomes_topic(link), {.link = link, .seq = 5}, {first, second}),
      frame("a delivery on PUB", deliveries_topic(link), {.link = link, .seq = 900},
            {Committed{.client = alice, .seq = 2}}),
      frame("a heartbeat that acknowledges what came down", "", {.link = link, .ack = 899}, {Heartbeat{.head = 4}})};
}

// One vector a line: small enough to read, and a diff shows what changed.
std::string text(const Json& all) {
  std::ostringstream out;
  out << "[\n";
  for (std::size_t i = 0; i < all.size(); ++i) out << "  " << all[i].dump() << (i + 1 < all.size() ? ",\n" : "\n");
  out << "]\n";
  return out.str();
}

std::map<std::string, Json> files() {
  return {{"gateway_to_broker.json", records(Leg::gateway_to_broker)},
          {"broker_to_gateway.json", records(Leg::broker_to_gateway)},
          {"worker_to_broker.json", records(Leg::worker_to_broker)},
          {"broker_to_worker.json", records(Leg::broker_to_worker)},
          {"payloads.json", payloads()},
          {"frames.json", frames()}};
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  return content.str();
}

}  // namespace

TEST(Vectors, are_what_the_code_writes) {
  for (const auto& [name, vectors] : files()) {
    const std::string path = std::string(FAIRLEAD_VECTORS) + "/" + name;
    if (std::getenv("FAIRLEAD_REWRITE") != nullptr) std::ofstream(path, std::ios::binary) << text(vectors);
    EXPECT_EQ(read(path), text(vectors)) << path;
  }
}

TEST(Vectors, are_read_as_what_they_say) {
  const std::map<std::string, Leg> legs{{"gateway_to_broker", Leg::gateway_to_broker},
                                        {"broker_to_gateway", Leg::broker_to_gateway},
                                        {"worker_to_broker", Leg::worker_to_broker},
                                        {"broker_to_worker", Leg::broker_to_worker}};
  for (const auto& [name, leg] : legs) {
    const Json vectors = Json::parse(read(std::string(FAIRLEAD_VECTORS) + "/" + name + ".json"));
    ASSERT_FALSE(vectors.empty());
    for (const auto& one : vectors) {
      SCOPED_TRACE(one.dump());
      const std::string bytes = from_hex(one.at("hex").get<std::string>()).value();
      Cursor cursor(bytes);
      const AnyRecord record = decode(leg, cursor);
      EXPECT_TRUE(cursor.ok() && cursor.at_end());
      EXPECT_EQ(std::visit(Fields{}, record), one.at("fields"));
    }
  }
}

TEST(Vectors, of_payloads_and_frames_are_read_as_what_they_say) {
  const Json payloads = Json::parse(read(std::string(FAIRLEAD_VECTORS) + "/payloads.json"));
  const auto bytes = [](const Json& one) { return from_hex(one.at("hex").get<std::string>()).value(); };
  EXPECT_EQ(Fields{}(decode_handshake(bytes(payloads.at(0))).value()), payloads.at(0).at("fields"));
  EXPECT_EQ(Fields{}(decode_close_reason(bytes(payloads.at(1))).value()), payloads.at(1).at("fields"));
  EXPECT_EQ(Fields{}(decode_timer_fired(bytes(payloads.at(2))).value()), payloads.at(2).at("fields"));
  EXPECT_EQ(Fields{}(decode_group_change(bytes(payloads.at(3))).value()), payloads.at(3).at("fields"));
  for (const auto& one : Json::parse(read(std::string(FAIRLEAD_VECTORS) + "/frames.json"))) {
    SCOPED_TRACE(one.dump());
    const std::string frame = bytes(one);
    const auto opened =
        open_frame(std::string_view(frame).substr(one.at("topic").get<std::string>().size() / 2)).value();
    EXPECT_EQ(opened.header.link.value, one.at("header").at("link"));
    EXPECT_EQ(opened.header.seq, one.at("header").at("seq"));
    EXPECT_EQ(opened.header.ack, one.at("header").at("ack"));
  }
}

}  // namespace fairlead::schemas
