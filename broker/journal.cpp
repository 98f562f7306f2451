#include "broker/journal.hpp"

#include <cstring>

#include "bus/crc32c.hpp"
#include "schemas/codec.hpp"
#include "schemas/fields.hpp"
#include "schemas/limits.hpp"

namespace fairlead::broker {
namespace {

using schemas::Cursor;
using schemas::Writer;

enum BodyType : std::uint64_t {
  header = 1,
  checkpoint_end = 2,
  chunk = 3,
  commit = 4,
  gateway_came = 5,
  gateway_gone = 6,
  client_came = 7,
  dead_letter = 8,
  closed = 9,
  published = 10,
  publisher = 11,
  dead_letter_done = 12,
};

constexpr std::uint64_t last_type = dead_letter_done;
constexpr std::uint64_t format_version = 2;
constexpr std::size_t frame_bytes = 8;
constexpr std::size_t max_body = 2 * schemas::max_frame;

void put_u32(char* out, std::uint32_t value) {
  for (int i = 0; i < 4; ++i, value >>= 8U) out[i] = static_cast<char>(value & 0xffU);
}

std::uint32_t take_u32(const char* in) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = (value << 8U) | static_cast<unsigned char>(in[i]);
  return value;
}

// What the checksums of a journal's records begin with. Without it, whoever knows the format could say a whole record to
// the bus as a message; a tail torn behind it would look like damage with good records behind.
std::uint32_t salt_of(Lineage lineage) {
  std::string bytes;
  Writer(bytes).number(lineage.value);
  return crc32c(bytes);
}

// Appends a record whose body `write` makes.
template <class Write>
void append_record(std::string& out, std::uint32_t salt, Write write) {
  const std::size_t start = out.size();
  out.append(frame_bytes, '\0');
  write(out);
  const std::string_view body = std::string_view(out).substr(start + frame_bytes);
  put_u32(out.data() + start, static_cast<std::uint32_t>(body.size()));
  put_u32(out.data() + start + 4, crc32c(body, salt));
}

struct AppendBody {
  std::string& out;

  void operator()(const Commit& f) const {
    Writer w(out);
    w.array(6).number(commit).client(f.client).number(f.seq).number(static_cast<std::uint64_t>(f.kind)).bytes(f.peer);
    schemas::append_effects(out, f.effects);
  }
  void operator()(const GatewayCame& f) const {
    Writer(out).array(4).number(gateway_came).number(f.gateway.value).bytes(f.name).number(f.head);
  }
  void operator()(const GatewayGone& f) const { Writer(out).array(2).number(gateway_gone).number(f.gateway.value); }
  void operator()(const ClientCame& f) const {
    Writer(out).array(2).number(client_came);
    schemas::append(out, f.client);
  }
  void operator()(const Published& f) const {
    Writer(out).array(4).number(published).number(f.publisher.value).number(f.id);
    schemas::append_effects(out, f.effects);
  }
  void operator()(const DeadLetterDone& f) const {
    Writer(out).array(4).number(dead_letter_done).client(f.client).number(f.seq).boolean(f.replay);
  }
  void operator()(const DeadLetter& f) const {
    Writer(out)
        .array(8)
        .number(dead_letter)
        .client(f.client)
        .number(f.seq)
        .number(static_cast<std::uint64_t>(f.kind))
        .bytes(f.peer)
        .boolean(f.binary)
        .bytes(f.payload)
        .bytes(f.reason);
  }
};

schemas::EventKind take_kind(Cursor& c) {
  const std::uint64_t kind = c.number();
  if (kind < 1 || kind > static_cast<std::uint64_t>(schemas::last_event_kind)) c.fail();
  return static_cast<schemas::EventKind>(kind);
}

// One record's body, applied to what was read so far. The cursor fails when the body makes no sense.
void read_body(Cursor& c, Replayed& out, bool& complete) {
  const std::uint32_t elements = c.array();
  const std::uint64_t type = c.number();
  std::uint32_t known = 0;
  switch (type) {
    case header:
      known = 5;
      if (c.number() != format_version) c.fail();
      out.header = {.lineage = {c.number()}, .shard = static_cast<std::uint16_t>(c.number()), .segment = c.number()};
      break;
    case checkpoint_end:
      known = 1;
      complete = true;
      break;
    case chunk: {
      known = 5;
      const Incarnation gateway{c.number()};
      Ring::Chunk read{.first = c.number(), .count = c.number(), .body = schemas::take_string(c, max_body)};
      if (read.count == 0) c.fail();
      if (c.ok()) out.state.restore_chunk(gateway, std::move(read));
      break;
    }
    case commit: {
      known = 6;
      const Commit fact{.client = c.client(),
                        .seq = c.number(),
                        .kind = take_kind(c),
                        .peer = schemas::take_string(c, schemas::max_name),
                        .effects = schemas::decode_effects(c)};
      if (c.ok()) out.state.apply(fact);
      break;
    }
    case gateway_came: {
      known = 4;
      const GatewayCame fact{
          .gateway = {c.number()}, .name = schemas::take_string(c, schemas::max_name), .head = c.number()};
      if (c.ok()) out.state.apply(fact);
      break;
    }
    case gateway_gone: {
      known = 2;
      const GatewayGone fact{.gateway = {c.number()}};
      if (c.ok()) out.state.apply(fact);
      break;
    }
    case client_came: {
      known = 2;
      auto record = schemas::decode_from_gateway(c);
      auto* client = std::get_if<schemas::ClientSnapshot>(&record);
      if (client == nullptr) c.fail();
      if (c.ok()) out.state.apply(ClientCame{std::move(*client)});
      break;
    }
    case dead_letter: {
      known = 8;
      const DeadLetter fact{.client = c.client(),
                            .seq = c.number(),
                            .kind = take_kind(c),
                            .peer = schemas::take_string(c, schemas::max_name),
                            .binary = c.boolean(),
                            .payload = schemas::take_string(c, schemas::max_payload),
                            .reason = schemas::take_string(c, schemas::max_text)};
      if (c.ok() && complete) out.state.apply(fact);
      if (c.ok() && !complete) out.state.restore_dead_letter(fact);  // its commit is in the checkpoint already
      break;
    }
    case dead_letter_done: {
      known = 4;
      const DeadLetterDone fact{.client = c.client(), .seq = c.number(), .replay = c.boolean()};
      if (c.ok()) out.state.apply(fact);
      break;
    }
    case closed: {
      known = 3;
      const ClientId client = c.client();
      const std::uint64_t number = c.number();
      if (c.ok()) out.state.restore_closed(client, number);
      break;
    }
    case published: {
      known = 4;
      const Published fact{.publisher = {c.number()}, .id = c.number(), .effects = schemas::decode_effects(c)};
      if (c.ok()) out.state.apply(fact);
      break;
    }
    case publisher: {
      known = 3;
      const Incarnation id{c.number()};
      const std::uint64_t last = c.number();
      if (c.ok()) out.state.restore_publisher(id, last);
      break;
    }
    default:
      c.fail();
  }
  schemas::finish(c, elements, known);
  if (type != checkpoint_end && type != header && complete) ++out.facts;
}

// The body of the record at `at`, or an error when it is cut short or damaged.
Result<std::string_view> body_at(std::string_view segment, std::size_t at, std::uint32_t salt) {
  if (segment.size() - at < frame_bytes) return Error{"cut short"};
  const std::uint32_t length = take_u32(segment.data() + at);
  if (length == 0 || length > max_body) return Error{"an impossible length"};
  if (length > segment.size() - at - frame_bytes) return Error{"cut short"};
  const std::string_view body = segment.substr(at + frame_bytes, length);
  if (crc32c(body, salt) != take_u32(segment.data() + at + 4)) return Error{"a wrong checksum"};
  return body;
}

// Whether the bytes could begin a body: an array of a few elements, and its type. Tells most positions inside other
// bytes apart, before any checksum of what may be megabytes is made.
bool looks_like_a_body(std::string_view bytes) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  return bytes.size() >= 2 && byte(0) > 0x90 && byte(0) <= 0x9f && byte(1) >= header && byte(1) <= last_type;
}

// Whether a whole record begins anywhere behind `at`: then what is at `at` is damage, not a torn tail.
bool record_behind(std::string_view segment, std::size_t at, std::uint32_t salt) {
  for (++at; at + frame_bytes < segment.size(); ++at) {
    if (looks_like_a_body(segment.substr(at + frame_bytes)) && body_at(segment, at, salt)) return true;
  }
  return false;
}

}  // namespace

void append_fact(std::string& out, Lineage lineage, const Fact& fact) {
  append_record(out, salt_of(lineage), [&](std::string& to) { std::visit(AppendBody{to}, fact); });
}

std::string begin_segment(const JournalHeader& h, const State& state) {
  std::string out;
  const std::uint32_t salt = salt_of(h.lineage);
  append_record(out, 0, [&](std::string& to) {
    Writer(to).array(5).number(header).number(format_version).number(h.lineage.value).number(h.shard).number(h.segment);
  });
  for (const auto& [id, gateway] : state.gateways()) {
    append_fact(out, h.lineage, GatewayCame{.gateway = id, .name = gateway.name, .head = gateway.ring.head()});
  }
  const Directory& directory = state.directory();
  for (const ClientId& id : directory.page(std::nullopt, directory.size())) {
    const Client& client = *directory.find(id);
    append_fact(out, h.lineage,
                ClientCame{{.client = id,
                            .committed = client.done,
                            .peer = client.peer,
                            .uid = client.uid,
                            .groups = client.groups,
                            .session_version = client.session_version,
                            .session = client.session}});
  }
  for (const auto& [id, gateway] : state.gateways()) {
    if (gateway.gone) append_fact(out, h.lineage, GatewayGone{id});
    for (const auto& held : gateway.ring.chunks()) {
      append_record(out, salt, [&](std::string& to) {
        Writer(to).array(5).number(chunk).number(id.value).number(held.first).number(held.count).bytes(held.body);
      });
    }
  }
  for (const auto& [id, gateway] : state.gateways()) {
    for (const auto& [number, client] : gateway.closed) {
      append_record(out, salt,
                    [&](std::string& to) { Writer(to).array(3).number(closed).client(client).number(number); });
    }
  }
  for (const Incarnation id : state.publishers_by_age()) {
    append_record(out, salt, [&](std::string& to) {
      Writer(to).array(3).number(publisher).number(id.value).number(state.published(id));
    });
  }
  for (const auto& letter : state.dead_letters()) append_fact(out, h.lineage, letter);
  append_record(out, salt, [](std::string& to) { Writer(to).array(1).number(checkpoint_end); });
  return out;
}

Result<Replayed> replay_segment(std::string_view segment) {
  Replayed out;
  bool complete = false;
  std::uint32_t salt = 0;  // of the header; it says what the others have
  for (std::size_t at = 0; at < segment.size();) {
    const auto body = body_at(segment, at, salt);
    if (!body) {
      if (record_behind(segment, at, salt)) {
        return Error{"damaged at byte " + std::to_string(at) + ": " + body.error().message +
                     ", and good records behind it"};
      }
      out.torn = true;
      break;
    }
    Cursor cursor(*body);
    read_body(cursor, out, complete);
    if (!cursor.ok()) return Error{"at byte " + std::to_string(at) + " stands a record that makes no sense"};
    if (at == 0) salt = salt_of(out.header.lineage);
    at += frame_bytes + body->size();
    out.good_bytes = at;
  }
  if (!complete) return Error{"the checkpoint at its beginning is incomplete"};
  return out;
}

}  // namespace fairlead::broker
