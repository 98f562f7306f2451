// For tests: every record with something in every field, and with as little as it may have; and the names of all
// fields.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "schemas/codec.hpp"
#include "schemas/records.hpp"

namespace fairlead::schemas {

// Whose decoder reads a record.
enum class Leg { gateway_to_broker, broker_to_gateway, worker_to_broker, broker_to_worker };

using AnyRecord = std::variant<Unknown, Heartbeat, Bye, Reset, Complaint, GatewayHello, ClientSnapshot, Event,
                               GatewayWelcome, Deliver, Bound, Joined, Left, Ungrouped, SessionSet, Close, Committed,
                               Refused, Gap, WorkerHello, Credit, Query, Drain, Outcome, Publication, Progress, Timer,
                               Replay, WorkerWelcome, Unit, Cancel, Drained, Answer>;

struct Sample {
  Leg leg;
  std::string record;  // as in docs/protocol.md
  std::string shows;
  AnyRecord value;
};

inline AnyRecord decode(Leg leg, Cursor& cursor) {
  const auto any = [](auto known) { return std::visit([](auto& one) { return AnyRecord(std::move(one)); }, known); };
  switch (leg) {
    case Leg::gateway_to_broker:
      return any(decode_from_gateway(cursor));
    case Leg::broker_to_gateway:
      return any(decode_to_gateway(cursor));
    case Leg::worker_to_broker:
      return any(decode_from_worker(cursor));
    case Leg::broker_to_worker:
      return any(decode_to_worker(cursor));
  }
  return {};
}

inline std::string encode(const AnyRecord& record) {
  std::string out;
  std::visit(
      [&out](const auto& known) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(known)>, Unknown>) append(out, known);
      },
      record);
  return out;
}

inline std::vector<Sample> samples() {
  const ClientId alice{.shard = 1, .gateway = {0x0123456789abcdef}, .counter = 0x42};
  const ClientId bob{.shard = 0xffff, .gateway = {0xfedcba9876543210}, .counter = ClientId::max_counter};
  const std::uint64_t large = 0xfedcba9876543210;
  const std::string raw("\x00\xff\xc1", 3);
  const Send to_clients{.clients = {alice, bob}, .payload = "hello"};
  const Send to_uids{.scope = Scope::uids, .names = {"7", "eight"}, .except = {alice}, .payload = raw, .binary = true};
  const Send to_groups{.scope = Scope::groups, .names = {"room"}, .payload = std::string(300, 'x')};
  const Send to_all{.scope = Scope::all, .except = {alice}, .payload = "to all"};
  const std::string peer = "[2001:db8::7]:5123";
  return {
      {Leg::gateway_to_broker, "heartbeat", "a gateway's head is 0 when it sent nothing numbered", Heartbeat{}},
      {Leg::gateway_to_broker, "bye", "", Bye{"stopped"}},
      {Leg::gateway_to_broker, "complaint", "", Complaint{"type 99 is not known here"}},
      {Leg::gateway_to_broker, "gateway_hello", "at first", GatewayHello{.incarnation = {large}, .name = "gw1"}},
      {Leg::gateway_to_broker, "gateway_hello", "to a broker that it knows",
       GatewayHello{.incarnation = {1}, .name = "gw1", .lineage = {77}, .applied = 123456}},
      {Leg::gateway_to_broker, "client", "",
       ClientSnapshot{.client = alice,
                      .committed = 9,
                      .peer = peer,
                      .uid = "7",
                      .groups = {"room", "hall"},
                      .session_version = 3,
                      .session = raw}},
      {Leg::gateway_to_broker, "client", "without uid, groups and session",
       ClientSnapshot{.client = bob, .committed = 1, .peer = peer}},
      {Leg::gateway_to_broker, "event", "open: the payload is a handshake",
       Event{.client = alice,
             .seq = 1,
             .kind = EventKind::open,
             .payload = encode(Handshake{.peer = peer, .listener = "line://[::]:8480"})}},
      {Leg::gateway_to_broker, "event", "a binary message",
       Event{.client = alice, .seq = 2, .binary = true, .payload = raw}},
      {Leg::gateway_to_broker, "event", "timer: the payload is its name and what was given to it",
       Event{.client = alice,
             .seq = 3,
             .kind = EventKind::timer,
             .payload = encode(TimerFired{.name = "tick", .payload = raw})}},
      {Leg::gateway_to_broker, "event", "group: the payload is the group, whether joined, and its size",
       Event{.client = alice,
             .seq = 4,
             .kind = EventKind::group,
             .payload = encode(GroupChange{.group = "room", .joined = true, .size = 3})}},
      {Leg::gateway_to_broker, "event", "close: the payload is a close reason",
       Event{.client = alice,
             .seq = 70000,
             .kind = EventKind::close,
             .payload = encode(CloseReason{.code = 1001, .reason = "gone"})}},
      {Leg::broker_to_gateway, "heartbeat", "", Heartbeat{.head = 65536}},
      {Leg::broker_to_gateway, "reset", "", Reset{"say hello"}},
      {Leg::broker_to_gateway, "complaint", "", Complaint{"type 98 is not known here"}},
      {Leg::broker_to_gateway, "gateway_welcome", "",
       GatewayWelcome{.incarnation = {5}, .lineage = {77}, .shard = 3, .next = 123457}},
      {Leg::broker_to_gateway, "refused", "", Refused{.client = bob, .reason = "not known here"}},
      {Leg::broker_to_gateway, "gap", "", Gap{.through = large, .reason = "too far behind"}},
      {Leg::broker_to_gateway, "deliver", "to clients", Deliver{to_clients}},
      {Leg::broker_to_gateway, "deliver", "to uids, except one client; binary", Deliver{to_uids}},
      {Leg::broker_to_gateway, "deliver", "to a group", Deliver{to_groups}},
      {Leg::broker_to_gateway, "deliver", "to everybody but one", Deliver{to_all}},
      {Leg::broker_to_gateway, "bound", "", Bound{.client = alice, .uid = "7"}},
      {Leg::broker_to_gateway, "bound", "no uid any longer", Bound{.client = alice}},
      {Leg::broker_to_gateway, "joined", "", Joined{.client = alice, .group = "room", .size = 3}},
      {Leg::broker_to_gateway, "joined", "with an event for the client",
       Joined{.client = alice, .group = "room", .watch = true, .size = 1}},
      {Leg::broker_to_gateway, "left", "", Left{.client = alice, .group = "room", .size = 2}},
      {Leg::broker_to_gateway, "ungrouped", "", Ungrouped{"room"}},
      {Leg::broker_to_gateway, "session_set", "", SessionSet{.client = alice, .version = 4, .session = "{}"}},
      {Leg::broker_to_gateway, "close", "after a last message",
       Close{.client = alice, .last = "goodbye", .reason = "kicked"}},
      {Leg::broker_to_gateway, "close", "at once", Close{.client = alice, .now = true}},
      {Leg::broker_to_gateway, "timer", "", Timer{.client = alice, .name = "tick", .after = 5000, .payload = raw}},
      {Leg::broker_to_gateway, "timer", "none any longer", Timer{.client = alice, .name = "tick"}},
      {Leg::broker_to_gateway, "replay", "", Replay{.client = alice, .binary = true, .payload = raw}},
      {Leg::broker_to_gateway, "committed", "", Committed{.client = alice, .seq = 9}},
      {Leg::broker_to_gateway, "committed", "the client has come to be", Committed{.client = alice}},
      {Leg::worker_to_broker, "worker_hello", "",
       WorkerHello{.incarnation = {9}, .name = "w1", .version = "1.2", .app = "chat"}},
      {Leg::worker_to_broker, "heartbeat", "", Heartbeat{.head = 17}},
      {Leg::worker_to_broker, "credit", "", Credit{256}},
      {Leg::worker_to_broker, "query", "about uids",
       Query{.id = 4, .ask = Ask::clients_of_uids, .names = {"7", "eight"}}},
      {Leg::worker_to_broker, "query", "about clients",
       Query{.id = 5, .ask = Ask::uids_of_clients, .clients = {alice, bob}}},
      {Leg::worker_to_broker, "query", "the next page of all clients",
       Query{.id = 6, .ask = Ask::all_clients, .cursor = raw, .limit = 1000}},
      {Leg::worker_to_broker, "drain", "", Drain{}},
      {Leg::worker_to_broker, "progress", "", Progress{.unit = {300}, .attempt = 2}},
      {Leg::worker_to_broker, "bye", "", Bye{"stopped"}},
      {Leg::worker_to_broker, "complaint", "", Complaint{"type 97 is not known here"}},
      {Leg::worker_to_broker, "outcome", "every effect",
       Outcome{.unit = {300},
               .attempt = 1,
               .seq = 2,
               .effects = {to_clients, to_uids, to_groups, to_all, Bind{alice, "7"}, Bind{bob, std::nullopt},
                           Join{.client = alice, .group = "room"}, Leave{alice, "hall"}, Ungroup{"attic"},
                           SetSession{.client = alice, .session = "{}"},
                           SetSession{.client = bob, .expected = 3, .session = raw},
                           CloseClient{.client = bob, .last = "goodbye"}, CloseClient{.client = alice, .now = true},
                           Join{.client = alice, .group = "room", .watch = true},
                           SetTimer{.client = alice, .name = "tick", .after = 5000, .payload = raw},
                           SetTimer{.client = alice, .name = "tick"}, CloseUid{.uid = "7", .last = "goodbye"}}}},
      {Leg::worker_to_broker, "outcome", "no effects", Outcome{.unit = {1}, .attempt = 1, .seq = 1}},
      {Leg::worker_to_broker, "outcome", "a failure",
       Outcome{.unit = {1}, .attempt = 3, .seq = 1, .verdict = Verdict::failed, .error = "no such table"}},
      {Leg::worker_to_broker, "outcome", "to be handled again in 30 seconds",
       Outcome{.unit = {1}, .attempt = 1, .seq = 1, .verdict = Verdict::again, .after = 30000}},
      {Leg::worker_to_broker, "publication", "", Publication{.id = 7, .effects = {to_groups, Ungroup{"attic"}}}},
      {Leg::broker_to_worker, "worker_welcome", "", WorkerWelcome{.incarnation = {5}, .shard = 3}},
      {Leg::broker_to_worker, "heartbeat", "", Heartbeat{.head = 3}},
      {Leg::broker_to_worker, "reset", "", Reset{"say hello"}},
      {Leg::broker_to_worker, "complaint", "", Complaint{"type 96 is not known here"}},
      {Leg::broker_to_worker, "unit", "two events",
       Unit{.unit = {300},
            .attempt = 2,
            .client = alice,
            .gateway = "gw1",
            .peer = peer,
            .session_version = 3,
            .session = "{}",
            .uid = "7",
            .groups = {"room", "hall"},
            .events = {{.seq = 2, .payload = "hello"}, {.seq = 3, .binary = true, .payload = raw}}}},
      {Leg::broker_to_worker, "unit", "a client's last event, of one who was nobody",
       Unit{.unit = {large},
            .attempt = 1,
            .client = bob,
            .gateway = "gw1",
            .peer = peer,
            .events =
                {{.seq = 4, .kind = EventKind::close, .payload = encode(CloseReason{.code = 1000, .reason = ""})}}}},
      {Leg::broker_to_worker, "cancel", "", Cancel{.unit = {300}, .attempt = 2}},
      {Leg::broker_to_worker, "drained", "", Drained{}},
      {Leg::broker_to_worker, "answer", "a page of many",
       Answer{.id = 4, .complete = true, .items = {alice.encode(), bob.encode()}, .next = raw}},
      {Leg::broker_to_worker, "answer", "nothing found, and not everybody could be asked", Answer{.id = 5}},
  };
}

}  // namespace fairlead::schemas
