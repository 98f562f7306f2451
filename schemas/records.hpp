// Every record of the wire as a struct. docs/protocol.md has the same tables for readers of other languages, and
// schemas/vectors/ the bytes. `type` is the first element on the wire; fields follow in the order they stand in here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bus/ids.hpp"
#include "schemas/effect.hpp"

namespace fairlead::schemas {

enum class EventKind : std::uint8_t { open = 1, message = 2, close = 3, timer = 4, group = 5 };
inline constexpr EventKind last_event_kind = EventKind::group;

// ---- on every leg

// "I am here, and my last numbered record on the stream you receive is `head`": so a lost tail is seen.
struct Heartbeat {
  static constexpr std::uint64_t type = 10;
  std::uint64_t head = 0;
  bool operator==(const Heartbeat&) const = default;
};
// The sender leaves for good and on purpose.
struct Bye {
  static constexpr std::uint64_t type = 11;
  std::string reason;
  bool operator==(const Bye&) const = default;
};
// The link is over: connect anew and say hello.
struct Reset {
  static constexpr std::uint64_t type = 12;
  std::string reason;
  bool operator==(const Reset&) const = default;
};
// A record that its receiver does not know, or could not read. Nothing to do but to tell a person.
struct Complaint {
  static constexpr std::uint64_t type = 13;
  std::string reason;
  bool operator==(const Complaint&) const = default;
};
// What decoding makes of a type it does not know.
struct Unknown {
  std::uint64_t type = 0;
  bool operator==(const Unknown&) const = default;
};

// ---- gateway to broker

struct GatewayHello {
  static constexpr std::uint64_t type = 1;
  Incarnation incarnation;
  std::string name;
  Lineage lineage;            // the broker lineage it last belonged to; 0 at first
  std::uint64_t applied = 0;  // the last delivery it has applied, in that lineage
  bool operator==(const GatewayHello&) const = default;
};
// Numbered. One client as the gateway knows it: sent before its events, to a broker that lost its journal.
struct ClientSnapshot {
  static constexpr std::uint64_t type = 2;
  ClientId client;
  std::uint64_t committed = 0;  // the last event known as committed
  std::string peer;
  std::optional<std::string> uid;
  std::vector<std::string> groups;
  std::uint64_t session_version = 0;
  std::string session;
  bool operator==(const ClientSnapshot&) const = default;
};
// Numbered. Something that happened at a client.
struct Event {
  static constexpr std::uint64_t type = 3;
  ClientId client;
  std::uint64_t seq = 0;
  EventKind kind = EventKind::message;
  bool binary = false;
  // Of a message the user's bytes; of the others an encoded Handshake, CloseReason, TimerFired, GroupChange.
  std::string payload;
  bool operator==(const Event&) const = default;
};

// ---- broker to gateway

struct GatewayWelcome {
  static constexpr std::uint64_t type = 20;
  Incarnation incarnation;  // the broker's
  Lineage lineage;
  std::uint16_t shard = 0;
  std::uint64_t next = 0;  // the number of the next delivery this gateway gets
  bool operator==(const GatewayWelcome&) const = default;
};
// Numbered, as are all that follow.
struct Deliver {
  static constexpr std::uint64_t type = 21;
  Send send;  // clients are this gateway's own; uids and groups are resolved by the gateway
  bool operator==(const Deliver&) const = default;
};
struct Bound {
  static constexpr std::uint64_t type = 22;
  ClientId client;
  std::optional<std::string> uid;
  bool operator==(const Bound&) const = default;
};
struct Joined {
  static constexpr std::uint64_t type = 23;
  ClientId client;
  std::string group;
  bool watch = false;
  std::uint64_t size = 0;  // the group's, now
  bool operator==(const Joined&) const = default;
};
struct Left {
  static constexpr std::uint64_t type = 24;
  ClientId client;
  std::string group;
  std::uint64_t size = 0;
  bool operator==(const Left&) const = default;
};
struct Ungrouped {
  static constexpr std::uint64_t type = 25;
  std::string group;
  bool operator==(const Ungrouped&) const = default;
};
struct SessionSet {
  static constexpr std::uint64_t type = 26;
  ClientId client;
  std::uint64_t version = 0;
  std::string session;
  bool operator==(const SessionSet&) const = default;
};
struct Close {
  static constexpr std::uint64_t type = 27;
  ClientId client;
  bool now = false;
  std::optional<std::string> last;
  bool binary = false;
  std::string reason;  // for logs and, where the user's protocol can carry it, for the user
  bool operator==(const Close&) const = default;
};
// Wakes the client with a timer event, see SetTimer.
struct Timer {
  static constexpr std::uint64_t type = 14;
  ClientId client;
  std::string name;
  std::optional<std::uint64_t> after;  // milliseconds from when the gateway reads this
  std::string payload;
  bool operator==(const Timer&) const = default;
};
// An event that had become a dead letter is to be handled once more: as the client's next event.
struct Replay {
  static constexpr std::uint64_t type = 15;
  ClientId client;
  EventKind kind = EventKind::message;
  bool binary = false;
  std::string payload;
  bool operator==(const Replay&) const = default;
};
// Every event of the client up to `seq` is committed: the gateway need not keep it any longer. With `seq` 0 the client
// has come to be, and what follows for everybody is for it as well.
struct Committed {
  static constexpr std::uint64_t type = 28;
  ClientId client;
  std::uint64_t seq = 0;
  bool operator==(const Committed&) const = default;
};
// Not numbered: the broker does not have this client (any longer). The gateway closes the connection and forgets it.
struct Refused {
  static constexpr std::uint64_t type = 30;
  ClientId client;
  std::string reason;
  bool operator==(const Refused&) const = default;
};
// Not numbered: deliveries up to `through` are gone for good, the gateway was too far behind.
struct Gap {
  static constexpr std::uint64_t type = 29;
  std::uint64_t through = 0;
  std::string reason;
  bool operator==(const Gap&) const = default;
};

// ---- worker to broker

struct WorkerHello {
  static constexpr std::uint64_t type = 31;
  Incarnation incarnation;
  std::string name;
  std::string version;
  std::string app;
  bool operator==(const WorkerHello&) const = default;
};
// "I may have this many units at a time." Absolute, so a lost or repeated one does no harm.
struct Credit {
  static constexpr std::uint64_t type = 32;
  std::uint64_t units = 0;
  bool operator==(const Credit&) const = default;
};

enum class Ask : std::uint8_t {
  clients_online = 1,   // which of `clients` are connected → items: client ids
  uids_online = 2,      // which of `names` (uids) have a client → uids
  clients_of_uids = 3,  // of `names` → client ids
  uids_of_clients = 4,  // of `clients` → pairs: client id, uid
  clients_of_groups = 5,
  uids_of_groups = 6,
  all_clients = 7,
  all_uids = 8,
  all_groups = 9,      // → pairs: group, its size as decimal digits
  count_clients = 10,  // of group names[0], or all → one item: decimal digits
  count_uids = 11,
  sessions =
      12,  // of `clients`, of group names[0], or all → quadruples: client id, uid or empty, version as digits, session
};
// Not numbered. Asks the broker's directory; the answer carries the same id.
struct Query {
  static constexpr std::uint64_t type = 33;
  std::uint64_t id = 0;
  Ask ask = Ask::clients_online;
  std::vector<ClientId> clients;
  std::vector<std::string> names;
  std::string cursor;       // empty at first, then the answer's `next`
  std::uint64_t limit = 0;  // items at most; 0 leaves it to the broker
  bool operator==(const Query&) const = default;
};
// No more units, please: the worker finishes those it has and then says bye.
struct Drain {
  static constexpr std::uint64_t type = 34;
  bool operator==(const Drain&) const = default;
};

enum class Verdict : std::uint8_t { done = 0, failed = 1, again = 2 };
// Numbered, on PUB. What handling one event came to.
struct Outcome {
  static constexpr std::uint64_t type = 35;
  UnitId unit;
  std::uint64_t attempt = 0;
  std::uint64_t seq = 0;
  Verdict verdict = Verdict::done;
  std::vector<Effect> effects;  // none unless done
  std::string error;            // empty when done
  std::uint64_t after = 0;      // milliseconds until the event is to be handled again
  bool operator==(const Outcome&) const = default;
};
// Numbered, on PUB. Effects that come from no event. `id` counts from 1 in each incarnation; one that was taken before
// is acknowledged and passed over.
struct Publication {
  static constexpr std::uint64_t type = 37;
  std::uint64_t id = 0;
  std::vector<Effect> effects;
  bool operator==(const Publication&) const = default;
};
// The handler of this unit is alive and wants its deadline moved.
struct Progress {
  static constexpr std::uint64_t type = 36;
  UnitId unit;
  std::uint64_t attempt = 0;
  bool operator==(const Progress&) const = default;
};

// ---- broker to worker

struct WorkerWelcome {
  static constexpr std::uint64_t type = 40;
  Incarnation incarnation;  // the broker's
  std::uint16_t shard = 0;
  bool operator==(const WorkerWelcome&) const = default;
};
struct UnitEvent {
  std::uint64_t seq = 0;
  EventKind kind = EventKind::message;
  bool binary = false;
  std::string payload;
  bool operator==(const UnitEvent&) const = default;
};
// Numbered. The events of one client, for one worker, at one time.
struct Unit {
  static constexpr std::uint64_t type = 41;
  UnitId unit;
  std::uint64_t attempt = 0;
  ClientId client;
  std::string gateway;  // its name
  std::string peer;     // the user's address
  std::uint64_t session_version = 0;
  std::string session;
  std::optional<std::string> uid;
  std::vector<std::string> groups;
  std::vector<UnitEvent> events;
  bool operator==(const Unit&) const = default;
};
// Numbered. The unit has a newer attempt elsewhere; whatever comes of this one is refused.
struct Cancel {
  static constexpr std::uint64_t type = 42;
  UnitId unit;
  std::uint64_t attempt = 0;
  bool operator==(const Cancel&) const = default;
};
// Numbered. The answer to drain: no unit follows on this link.
struct Drained {
  static constexpr std::uint64_t type = 44;
  bool operator==(const Drained&) const = default;
};
struct Answer {
  static constexpr std::uint64_t type = 43;
  std::uint64_t id = 0;
  bool complete = false;  // false while a known gateway is away
  std::vector<std::string> items;
  std::string next;  // empty: that was all
  bool operator==(const Answer&) const = default;
};

// ---- what the payload of an event that is no message holds

struct Handshake {
  std::string peer;      // "192.0.2.7:5123", "[2001:db8::7]:5123"
  std::string listener;  // "ws://0.0.0.0:8080/ws"
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::vector<std::pair<std::string, std::string>> cookies;
  bool operator==(const Handshake&) const = default;
};
struct CloseReason {
  std::uint16_t code = 0;  // a WebSocket close code, also for the other protocols
  std::string reason;
  bool operator==(const CloseReason&) const = default;
};

struct TimerFired {
  std::string name;
  std::string payload;
  bool operator==(const TimerFired&) const = default;
};
struct GroupChange {
  std::string group;
  bool joined = false;  // or left
  std::uint64_t size = 0;
  bool operator==(const GroupChange&) const = default;
};

// ---- what each receiver can get

using ToBrokerFromGateway = std::variant<Unknown, Event, Heartbeat, GatewayHello, ClientSnapshot, Bye, Complaint>;
using ToGateway = std::variant<Unknown, Deliver, Committed, Bound, Joined, Left, Ungrouped, SessionSet, Close, Timer,
                               Replay, Heartbeat, GatewayWelcome, Refused, Gap, Reset, Complaint>;
using ToBrokerFromWorker =
    std::variant<Unknown, Outcome, Publication, Heartbeat, Credit, Query, Progress, WorkerHello, Drain, Bye, Complaint>;
using ToWorker = std::variant<Unknown, Unit, Heartbeat, Cancel, Drained, Answer, WorkerWelcome, Reset, Complaint>;

}  // namespace fairlead::schemas
