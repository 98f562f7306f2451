#include "schemas/codec.hpp"

#include "schemas/fields.hpp"

namespace fairlead::schemas {
namespace {

// Starts a record of `fields` fields behind its type.
template <class Record>
Writer begin(std::string& out, std::size_t fields) {
  Writer w(out);
  w.array(fields + 1).number(Record::type);
  return w;
}

EventKind take_kind(Cursor& c) {
  const std::uint64_t kind = c.number();
  if (kind < 1 || kind > static_cast<std::uint64_t>(last_event_kind)) c.fail();
  return static_cast<EventKind>(kind);
}

// Each take<Record> reads the fields behind the type, and says in `known` how many elements that makes with it.
Heartbeat take(Cursor& c, Heartbeat*) { return {.head = c.number()}; }
Bye take(Cursor& c, Bye*) { return {.reason = take_string(c, max_text)}; }
Reset take(Cursor& c, Reset*) { return {.reason = take_string(c, max_text)}; }
Complaint take(Cursor& c, Complaint*) { return {.reason = take_string(c, max_text)}; }
GatewayHello take(Cursor& c, GatewayHello*) {
  return {
      .incarnation = {c.number()}, .name = take_string(c, max_name), .lineage = {c.number()}, .applied = c.number()};
}
ClientSnapshot take(Cursor& c, ClientSnapshot*) {
  return {.client = c.client(),
          .committed = c.number(),
          .peer = take_string(c, max_name),
          .uid = take_optional(c, max_name),
          .groups = take_names(c, max_groups),
          .session_version = c.number(),
          .session = take_string(c, max_session)};
}
Event take(Cursor& c, Event*) {
  return {.client = c.client(),
          .seq = c.number(),
          .kind = take_kind(c),
          .binary = c.boolean(),
          .payload = take_string(c, max_payload)};
}
GatewayWelcome take(Cursor& c, GatewayWelcome*) {
  return {.incarnation = {c.number()}, .lineage = {c.number()}, .shard = take_u16(c), .next = c.number()};
}
Deliver take(Cursor& c, Deliver*) { return {.send = take_send(c)}; }
Bound take(Cursor& c, Bound*) { return {.client = c.client(), .uid = take_optional(c, max_name)}; }
Joined take(Cursor& c, Joined*) {
  return {.client = c.client(), .group = take_string(c, max_name), .watch = c.boolean(), .size = c.number()};
}
Left take(Cursor& c, Left*) { return {.client = c.client(), .group = take_string(c, max_name), .size = c.number()}; }
Ungrouped take(Cursor& c, Ungrouped*) { return {.group = take_string(c, max_name)}; }
SessionSet take(Cursor& c, SessionSet*) {
  return {.client = c.client(), .version = c.number(), .session = take_string(c, max_session)};
}
Close take(Cursor& c, Close*) {
  return {.client = c.client(),
          .now = c.boolean(),
          .last = take_optional(c, max_payload),
          .binary = c.boolean(),
          .reason = take_string(c, max_text)};
}
Timer take(Cursor& c, Timer*) {
  return {.client = c.client(),
          .name = take_string(c, max_name),
          .after = take_optional_number(c),
          .payload = take_string(c, max_session)};
}
Replay take(Cursor& c, Replay*) {
  return {.client = c.client(), .kind = take_kind(c), .binary = c.boolean(), .payload = take_string(c, max_payload)};
}
Committed take(Cursor& c, Committed*) { return {.client = c.client(), .seq = c.number()}; }
Refused take(Cursor& c, Refused*) { return {.client = c.client(), .reason = take_string(c, max_text)}; }
Gap take(Cursor& c, Gap*) { return {.through = c.number(), .reason = take_string(c, max_text)}; }
WorkerHello take(Cursor& c, WorkerHello*) {
  return {.incarnation = {c.number()},
          .name = take_string(c, max_name),
          .version = take_string(c, max_name),
          .app = take_string(c, max_name)};
}
Credit take(Cursor& c, Credit*) { return {.units = c.number()}; }
Query take(Cursor& c, Query*) {
  Query query{.id = c.number()};
  const std::uint64_t ask = c.number();
  if (ask < 1 || ask > static_cast<std::uint64_t>(Ask::sessions)) c.fail();
  query.ask = static_cast<Ask>(ask);
  query.clients = take_clients(c);
  query.names = take_names(c, max_targets);
  query.cursor = take_string(c, max_text);
  query.limit = c.number();
  return query;
}
Drain take(Cursor&, Drain*) { return {}; }
Outcome take(Cursor& c, Outcome*) {
  Outcome outcome{.unit = {c.number()}, .attempt = c.number(), .seq = c.number()};
  const std::uint64_t verdict = c.number();
  if (verdict > 2) c.fail();
  outcome.verdict = static_cast<Verdict>(verdict);
  outcome.effects = decode_effects(c);
  outcome.error = take_string(c, max_text);
  outcome.after = c.number();
  return outcome;
}
Publication take(Cursor& c, Publication*) { return {.id = c.number(), .effects = decode_effects(c)}; }
Progress take(Cursor& c, Progress*) { return {.unit = {c.number()}, .attempt = c.number()}; }
WorkerWelcome take(Cursor& c, WorkerWelcome*) { return {.incarnation = {c.number()}, .shard = take_u16(c)}; }
UnitEvent take_unit_event(Cursor& c) {
  const std::uint32_t elements = c.array();
  UnitEvent event{
      .seq = c.number(), .kind = take_kind(c), .binary = c.boolean(), .payload = take_string(c, max_payload)};
  finish(c, elements, 4);
  return event;
}
Unit take(Cursor& c, Unit*) {
  return {.unit = {c.number()},
          .attempt = c.number(),
          .client = c.client(),
          .gateway = take_string(c, max_name),
          .peer = take_string(c, max_name),
          .session_version = c.number(),
          .session = take_string(c, max_session),
          .uid = take_optional(c, max_name),
          .groups = take_names(c, max_groups),
          .events = take_list<UnitEvent>(c, max_unit_events, take_unit_event)};
}
Cancel take(Cursor& c, Cancel*) { return {.unit = {c.number()}, .attempt = c.number()}; }
Drained take(Cursor&, Drained*) { return {}; }
Answer take(Cursor& c, Answer*) {
  return {
      .id = c.number(),
      .complete = c.boolean(),
      .items = take_list<std::string>(c, 4 * max_answer_items, [](Cursor& at) { return take_string(at, max_session); }),
      .next = take_string(c, max_text)};
}

// How many elements each record has on the wire, its type included.
template <class Record>
constexpr std::uint32_t elements_of();
template <>
constexpr std::uint32_t elements_of<Heartbeat>() {
  return 2;
}
template <>
constexpr std::uint32_t elements_of<Bye>() {
  return 2;
}
template <>
constexpr std::uint32_t elements_of<Reset>() {
  return 2;
}
template <>
constexpr std::uint32_t elements_of<Complaint>() {
  return 2;
}
template <>
constexpr std::uint32_t elements_of<GatewayHello>() {
  return 5;
}
template <>
constexpr std::uint32_t elements_of<ClientSnapshot>() {
  return 8;
}
template <>
constexpr std::uint32_t elements_of<Event>() {
  return 6;
}
template <>
constexpr std::uint32_t elements_of<GatewayWelcome>() {
  return 5;
}
template <>
constexpr std::uint32_t elements_of<Deliver>() {
  return 2;
}
template <>
constexpr std::uint32_t elements_of<Bound>() {
  return 3;
}
template <>
constexpr std::uint32_t elements_of<Joined>() {
  return 5;
}
template <>
constexpr std::uint32_t elements_of<Left>() {
  return 4;
}
template <>
constexpr std::uint32_t elements_of<Ungrouped>() {
  return 2;
}
template <>
constexpr std::uint32_t elements_of<SessionSet>() {
  return 4;
}
template <>
constexpr std::uint32_t elements_of<Close>() {
  return 6;
}
template <>
constexpr std::uint32_t elements_of<Committed>() {
  return 3;
}
template <>
constexpr std::uint32_t elements_of<Refused>() {
  return 3;
}
template <>
constexpr std::uint32_t elements_of<Drained>() {
  return 1;
}
template <>
constexpr std::uint32_t elements_of<Gap>() {
  return 3;
}
template <>
constexpr std::uint32_t elements_of<WorkerHello>() {
  return 5;
}
template <>
constexpr std::uint32_t elements_of<Credit>() {
  return 2;
}
template <>
constexpr std::uint32_t elements_of<Query>() {
  return 7;
}
template <>
constexpr std::uint32_t elements_of<Drain>() {
  return 1;
}
template <>
constexpr std::uint32_t elements_of<Outcome>() {
  return 8;
}
template <>
constexpr std::uint32_t elements_of<Publication>() {
  return 3;
}
template <>
constexpr std::uint32_t elements_of<Timer>() {
  return 5;
}
template <>
constexpr std::uint32_t elements_of<Replay>() {
  return 5;
}
template <>
constexpr std::uint32_t elements_of<Progress>() {
  return 3;
}
template <>
constexpr std::uint32_t elements_of<WorkerWelcome>() {
  return 3;
}
template <>
constexpr std::uint32_t elements_of<Unit>() {
  return 11;
}
template <>
constexpr std::uint32_t elements_of<Cancel>() {
  return 3;
}
template <>
constexpr std::uint32_t elements_of<Answer>() {
  return 5;
}

template <class Record>
bool take_if(Cursor& c, std::uint64_t type, std::uint32_t elements, auto& out) {
  if constexpr (std::is_same_v<Record, Unknown>) {
    return false;
  } else {
    if (type != Record::type) return false;
    if (elements < elements_of<Record>()) {
      c.fail();
    } else {
      out = take(c, static_cast<Record*>(nullptr));
      c.skip(elements - elements_of<Record>());
    }
    return true;
  }
}

// The record among `Records` whose type comes next; Unknown for any other type.
template <class... Records>
void take_one(Cursor& c, std::variant<Records...>& out) {
  const std::uint32_t elements = c.array();
  if (elements == 0) return c.fail();
  const std::uint64_t type = c.number();
  if (!c.ok()) return;
  if ((take_if<Records>(c, type, elements, out) || ...)) return;
  out = Unknown{type};
  c.skip(elements - 1);
}

}  // namespace

void append(std::string& out, const Heartbeat& r) { begin<Heartbeat>(out, 1).number(r.head); }
void append(std::string& out, const Bye& r) { begin<Bye>(out, 1).bytes(r.reason); }
void append(std::string& out, const Reset& r) { begin<Reset>(out, 1).bytes(r.reason); }
void append(std::string& out, const Complaint& r) { begin<Complaint>(out, 1).bytes(r.reason); }
void append(std::string& out, const GatewayHello& r) {
  begin<GatewayHello>(out, 4).number(r.incarnation.value).bytes(r.name).number(r.lineage.value).number(r.applied);
}
void append(std::string& out, const ClientSnapshot& r) {
  Writer w = begin<ClientSnapshot>(out, 7);
  put_optional(w.client(r.client).number(r.committed).bytes(r.peer), r.uid);
  put_names(w, r.groups).number(r.session_version).bytes(r.session);
}
void append(std::string& out, const Event& r) {
  begin<Event>(out, 5)
      .client(r.client)
      .number(r.seq)
      .number(static_cast<std::uint64_t>(r.kind))
      .boolean(r.binary)
      .bytes(r.payload);
}
void append(std::string& out, const GatewayWelcome& r) {
  begin<GatewayWelcome>(out, 4).number(r.incarnation.value).number(r.lineage.value).number(r.shard).number(r.next);
}
void append(std::string& out, const Deliver& r) {
  Writer w = begin<Deliver>(out, 1);
  put_send(w, r.send);
}
void append(std::string& out, const Bound& r) {
  Writer w = begin<Bound>(out, 2);
  put_optional(w.client(r.client), r.uid);
}
void append(std::string& out, const Joined& r) {
  begin<Joined>(out, 4).client(r.client).bytes(r.group).boolean(r.watch).number(r.size);
}
void append(std::string& out, const Left& r) { begin<Left>(out, 3).client(r.client).bytes(r.group).number(r.size); }
void append(std::string& out, const Ungrouped& r) { begin<Ungrouped>(out, 1).bytes(r.group); }
void append(std::string& out, const SessionSet& r) {
  begin<SessionSet>(out, 3).client(r.client).number(r.version).bytes(r.session);
}
void append(std::string& out, const Close& r) {
  Writer w = begin<Close>(out, 5);
  put_optional(w.client(r.client).boolean(r.now), r.last).boolean(r.binary).bytes(r.reason);
}
void append(std::string& out, const Timer& r) {
  Writer w = begin<Timer>(out, 4);
  put_optional(w.client(r.client).bytes(r.name), r.after).bytes(r.payload);
}
void append(std::string& out, const Replay& r) {
  begin<Replay>(out, 4).client(r.client).number(static_cast<std::uint64_t>(r.kind)).boolean(r.binary).bytes(r.payload);
}
void append(std::string& out, const Committed& r) { begin<Committed>(out, 2).client(r.client).number(r.seq); }
void append(std::string& out, const Refused& r) { begin<Refused>(out, 2).client(r.client).bytes(r.reason); }
void append(std::string& out, const Gap& r) { begin<Gap>(out, 2).number(r.through).bytes(r.reason); }
void append(std::string& out, const WorkerHello& r) {
  begin<WorkerHello>(out, 4).number(r.incarnation.value).bytes(r.name).bytes(r.version).bytes(r.app);
}
void append(std::string& out, const Credit& r) { begin<Credit>(out, 1).number(r.units); }
void append(std::string& out, const Query& r) {
  Writer w = begin<Query>(out, 6);
  put_clients(w.number(r.id).number(static_cast<std::uint64_t>(r.ask)), r.clients);
  put_names(w, r.names).bytes(r.cursor).number(r.limit);
}
void append(std::string& out, const Drain&) { begin<Drain>(out, 0); }
void append(std::string& out, const Outcome& r) {
  begin<Outcome>(out, 7)
      .number(r.unit.value)
      .number(r.attempt)
      .number(r.seq)
      .number(static_cast<std::uint64_t>(r.verdict));
  append_effects(out, r.effects);
  Writer(out).bytes(r.error).number(r.after);
}
void append(std::string& out, const Publication& r) {
  begin<Publication>(out, 2).number(r.id);
  append_effects(out, r.effects);
}
void append(std::string& out, const Progress& r) { begin<Progress>(out, 2).number(r.unit.value).number(r.attempt); }
void append(std::string& out, const WorkerWelcome& r) {
  begin<WorkerWelcome>(out, 2).number(r.incarnation.value).number(r.shard);
}
void append(std::string& out, const Unit& r) { append(out, r, r.events); }
void append(std::string& out, const Unit& r, std::span<const UnitEvent> events) {
  Writer w = begin<Unit>(out, 10);
  w.number(r.unit.value).number(r.attempt).client(r.client).bytes(r.gateway).bytes(r.peer);
  put_optional(w.number(r.session_version).bytes(r.session), r.uid);
  put_names(w, r.groups).array(events.size());
  for (const auto& event : events) {
    w.array(4)
        .number(event.seq)
        .number(static_cast<std::uint64_t>(event.kind))
        .boolean(event.binary)
        .bytes(event.payload);
  }
}
void append(std::string& out, const Cancel& r) { begin<Cancel>(out, 2).number(r.unit.value).number(r.attempt); }
void append(std::string& out, const Drained&) { begin<Drained>(out, 0); }
void append(std::string& out, const Answer& r) {
  Writer w = begin<Answer>(out, 4);
  w.number(r.id).boolean(r.complete).array(r.items.size());
  for (const auto& item : r.items) w.bytes(item);
  w.bytes(r.next);
}

ToBrokerFromGateway decode_from_gateway(Cursor& cursor) {
  ToBrokerFromGateway record;
  take_one(cursor, record);
  return record;
}
ToGateway decode_to_gateway(Cursor& cursor) {
  ToGateway record;
  take_one(cursor, record);
  return record;
}
ToBrokerFromWorker decode_from_worker(Cursor& cursor) {
  ToBrokerFromWorker record;
  take_one(cursor, record);
  return record;
}
ToWorker decode_to_worker(Cursor& cursor) {
  ToWorker record;
  take_one(cursor, record);
  return record;
}

}  // namespace fairlead::schemas
