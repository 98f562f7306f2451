#include "worker/bus_calls.hpp"

#include <algorithm>
#include <stdexcept>

#include "bus/text.hpp"
#include "schemas/codec.hpp"
#include "worker/paging.hpp"

namespace fairlead {

Bus::Answer<bool> Bus::is_online(ClientId client) {
  auto found = which_online({client});
  if (!found) return found.error();
  return Answered<bool>{!found->value.empty(), found->complete};
}

Bus::Answer<bool> Bus::is_uid_online(std::string_view uid) {
  auto found = which_uids_online({std::string(uid)});
  if (!found) return found.error();
  return Answered<bool>{!found->value.empty(), found->complete};
}

Bus::Answer<std::optional<std::string>> Bus::uid_of(ClientId client) {
  auto found = uids_of({client});
  if (!found) return found.error();
  const auto uid = found->value.find(client);
  if (uid == found->value.end()) return Answered<std::optional<std::string>>{std::nullopt, found->complete};
  return Answered<std::optional<std::string>>{uid->second, found->complete};
}

Bus::Answer<std::vector<std::string>> Bus::all_groups() {
  auto sizes = group_sizes();
  if (!sizes) return sizes.error();
  Answered<std::vector<std::string>> names{{}, sizes->complete};
  for (auto& [name, size] : sizes->value) names.value.push_back(name);
  return names;
}

Bus::Answer<std::map<ClientId, std::optional<std::string>>> Bus::group_members(std::string_view group) {
  auto found = sessions(group);
  if (!found) return found.error();
  Answered<std::map<ClientId, std::optional<std::string>>> members{{}, found->complete};
  for (auto& info : found->value) members.value[info.client] = std::move(info.uid);
  return members;
}

namespace worker {
namespace {

std::string checked_name(const char* kind, std::string_view name) {
  if (name.empty()) throw std::invalid_argument(std::string("a ") + kind + " is empty");
  if (name.size() > schemas::max_name) {
    throw std::length_error(std::string("a ") + kind + " has " + std::to_string(name.size()) + " bytes; at most " +
                            std::to_string(schemas::max_name) + " are allowed: " + printable(name, 40));
  }
  return std::string(name);
}

void check_targets(std::size_t count) {
  if (count <= schemas::max_targets) return;
  throw std::length_error("one send names " + std::to_string(count) + " targets; at most " +
                          std::to_string(schemas::max_targets) + " are allowed: use a group");
}

void check_bytes(const char* kind, std::string_view bytes, std::size_t limit) {
  if (bytes.size() <= limit) return;
  throw std::length_error(std::string("a ") + kind + " has " + std::to_string(bytes.size()) + " bytes; at most " +
                          std::to_string(limit) + " are allowed");
}

std::vector<std::string> checked_names(const char* kind, std::vector<std::string> names) {
  for (const auto& name : names) checked_name(kind, name);
  return names;
}

schemas::Query about_group(schemas::Ask ask, std::optional<std::string_view> group) {
  schemas::Query query{.ask = ask};
  if (group) query.names.push_back(checked_name("group", *group));
  return query;
}

// A query whose answer is a list of one kind of thing.
template <class T, class Gather>
Bus::Answer<std::vector<T>> list(const Gather& gather_into) {
  Answered<std::vector<T>> found;
  auto done = gather_into([&found](std::span<std::string> item) -> Status {
    if constexpr (std::is_same_v<T, ClientId>) {
      auto id = ClientId::decode(item[0]);
      if (!id) return Error{"the broker's answer is wrong: " + id.error().message};
      found.value.push_back(*id);
    } else {
      found.value.push_back(std::move(item[0]));
    }
    return Nothing{};
  });
  if (!done) return done.error();
  found.complete = done->complete;
  return found;
}

Bus::Answer<std::uint64_t> count(Queries& queries, schemas::Query query) {
  Answered<std::uint64_t> found;
  auto done = gather(queries, std::move(query), 1, [&found](std::span<std::string> item) -> Status {
    auto number = parse_count(item[0]);
    if (!number) return number.error();
    found.value += *number;
    return Nothing{};
  });
  if (!done) return done.error();
  found.complete = done->complete;
  return found;
}

Bus::Answer<std::vector<SessionInfo>> gather_sessions(Queries& queries, schemas::Query query) {
  Answered<std::vector<SessionInfo>> found;
  auto done = gather(queries, std::move(query), 4, [&found](std::span<std::string> item) -> Status {
    auto client = ClientId::decode(item[0]);
    if (!client) return Error{"the broker's answer is wrong: " + client.error().message};
    auto version = parse_count(item[2]);
    if (!version) return version.error();
    SessionInfo info{.client = *client, .version = *version, .session = std::move(item[3])};
    if (!item[1].empty()) info.uid = std::move(item[1]);
    found.value.push_back(std::move(info));
    return Nothing{};
  });
  if (!done) return done.error();
  found.complete = done->complete;
  return found;
}

}  // namespace

// ---- effects

template <class Base>
void BusCalls<Base>::add(schemas::Effect effect) {
  if (effects_.size() >= schemas::max_effects) {
    throw std::length_error("an outcome has at most " + std::to_string(schemas::max_effects) +
                            " effects: send to a list or to a group");
  }
  // One full payload always fits, whatever stands beside it.
  const std::size_t size = schemas::approximate_bytes(effect);
  const std::size_t beside = bytes_ + size - std::max(largest_, size);
  if (beside > schemas::max_outcome) {
    throw std::length_error("an outcome with this effect would have about " + std::to_string(beside) +
                            " bytes beside its largest; at most " + std::to_string(schemas::max_outcome) +
                            " are allowed");
  }
  on_effect(effect);
  bytes_ += size;
  largest_ = std::max(largest_, size);
  effects_.push_back(std::move(effect));
}

template <class Base>
void BusCalls<Base>::send(schemas::Send send, std::string_view message) {
  check_bytes("message", message, schemas::max_payload);
  check_targets(send.clients.size() + send.names.size());
  check_targets(send.except.size());
  send.payload = message;
  add(std::move(send));
}

template <class Base>
void BusCalls<Base>::send_to_all(std::string_view message, SendToAllOptions options) {
  if (options.only) {
    send_to_clients(std::move(*options.only), message, {.except = std::move(options.except), .binary = options.binary});
    return;
  }
  send({.scope = schemas::Scope::all, .except = std::move(options.except), .binary = options.binary}, message);
}

template <class Base>
void BusCalls<Base>::send_to_clients(std::vector<ClientId> clients, std::string_view message, SendOptions options) {
  if (clients.empty()) return;
  send({.scope = schemas::Scope::clients,
        .clients = std::move(clients),
        .except = std::move(options.except),
        .binary = options.binary},
       message);
}

template <class Base>
void BusCalls<Base>::send_to_uids(std::vector<std::string> uids, std::string_view message, SendOptions options) {
  if (uids.empty()) return;
  send({.scope = schemas::Scope::uids,
        .names = checked_names("uid", std::move(uids)),
        .except = std::move(options.except),
        .binary = options.binary},
       message);
}

template <class Base>
void BusCalls<Base>::send_to_groups(std::vector<std::string> groups, std::string_view message, SendOptions options) {
  if (groups.empty()) return;
  send({.scope = schemas::Scope::groups,
        .names = checked_names("group", std::move(groups)),
        .except = std::move(options.except),
        .binary = options.binary},
       message);
}

template <class Base>
void BusCalls<Base>::bind_uid(ClientId client, std::string_view uid) {
  add(schemas::Bind{.client = client, .uid = checked_name("uid", uid)});
}

template <class Base>
void BusCalls<Base>::unbind_uid(ClientId client) {
  add(schemas::Bind{.client = client, .uid = std::nullopt});
}

template <class Base>
void BusCalls<Base>::join_group(ClientId client, std::string_view group, JoinOptions options) {
  add(schemas::Join{.client = client, .group = checked_name("group", group), .watch = options.watch});
}

template <class Base>
void BusCalls<Base>::leave_group(ClientId client, std::string_view group) {
  add(schemas::Leave{.client = client, .group = checked_name("group", group)});
}

template <class Base>
void BusCalls<Base>::ungroup(std::string_view group) {
  add(schemas::Ungroup{.group = checked_name("group", group)});
}

template <class Base>
void BusCalls<Base>::set_session(ClientId client, std::string_view session) {
  check_bytes("session", session, schemas::max_session);
  add(schemas::SetSession{.client = client, .expected = std::nullopt, .session = std::string(session)});
}

template <class Base>
void BusCalls<Base>::compare_and_set_session(ClientId client, std::uint64_t version, std::string_view session) {
  check_bytes("session", session, schemas::max_session);
  add(schemas::SetSession{.client = client, .expected = version, .session = std::string(session)});
}

template <class Base>
void BusCalls<Base>::close_client(ClientId client, std::optional<std::string_view> last) {
  if (last) check_bytes("message", *last, schemas::max_payload);
  schemas::CloseClient close{.client = client};
  if (last) close.last = std::string(*last);
  add(std::move(close));
}

template <class Base>
void BusCalls<Base>::destroy_client(ClientId client) {
  add(schemas::CloseClient{.client = client, .now = true});
}

template <class Base>
void BusCalls<Base>::close_uid(std::string_view uid, std::optional<std::string_view> last) {
  if (last) check_bytes("message", *last, schemas::max_payload);
  schemas::CloseUid close{.uid = checked_name("uid", uid)};
  if (last) close.last = std::string(*last);
  add(std::move(close));
}

template <class Base>
void BusCalls<Base>::set_timer(ClientId client, std::string_view name, std::chrono::milliseconds after,
                               std::string_view payload) {
  check_bytes("timer's payload", payload, schemas::max_session);
  const auto time = static_cast<std::uint64_t>(std::max<std::int64_t>(after.count(), 0));
  add(schemas::SetTimer{
      .client = client, .name = checked_name("timer", name), .after = time, .payload = std::string(payload)});
}

template <class Base>
void BusCalls<Base>::cancel_timer(ClientId client, std::string_view name) {
  add(schemas::SetTimer{.client = client, .name = checked_name("timer", name)});
}

// ---- queries

template <class Base>
Bus::Answer<std::vector<ClientId>> BusCalls<Base>::which_online(std::vector<ClientId> clients) {
  return list<ClientId>(
      [&](const Take& take) { return gather_about(queries_, schemas::Ask::clients_online, clients, 1, take); });
}

template <class Base>
Bus::Answer<std::vector<std::string>> BusCalls<Base>::which_uids_online(std::vector<std::string> uids) {
  uids = checked_names("uid", std::move(uids));
  return list<std::string>(
      [&](const Take& take) { return gather_about(queries_, schemas::Ask::uids_online, uids, 1, take); });
}

template <class Base>
Bus::Answer<std::vector<ClientId>> BusCalls<Base>::clients_of_uids(std::vector<std::string> uids) {
  uids = checked_names("uid", std::move(uids));
  return list<ClientId>(
      [&](const Take& take) { return gather_about(queries_, schemas::Ask::clients_of_uids, uids, 1, take); });
}

template <class Base>
Bus::Answer<std::map<ClientId, std::string>> BusCalls<Base>::uids_of(std::vector<ClientId> clients) {
  Answered<std::map<ClientId, std::string>> found;
  const Take take = [&found](std::span<std::string> item) -> Status {
    auto id = ClientId::decode(item[0]);
    if (!id) return Error{"the broker's answer is wrong: " + id.error().message};
    found.value[*id] = std::move(item[1]);
    return Nothing{};
  };
  auto done = gather_about(queries_, schemas::Ask::uids_of_clients, clients, 2, take);
  if (!done) return done.error();
  found.complete = done->complete;
  return found;
}

template <class Base>
Bus::Answer<std::vector<ClientId>> BusCalls<Base>::clients_in_groups(std::vector<std::string> groups) {
  groups = checked_names("group", std::move(groups));
  return list<ClientId>(
      [&](const Take& take) { return gather_about(queries_, schemas::Ask::clients_of_groups, groups, 1, take); });
}

template <class Base>
Bus::Answer<std::vector<std::string>> BusCalls<Base>::uids_in_groups(std::vector<std::string> groups) {
  groups = checked_names("group", std::move(groups));
  return list<std::string>(
      [&](const Take& take) { return gather_about(queries_, schemas::Ask::uids_of_groups, groups, 1, take); });
}

template <class Base>
Bus::Answer<std::uint64_t> BusCalls<Base>::client_count(std::optional<std::string_view> group) {
  return count(queries_, about_group(schemas::Ask::count_clients, group));
}

template <class Base>
Bus::Answer<std::uint64_t> BusCalls<Base>::uid_count(std::optional<std::string_view> group) {
  return count(queries_, about_group(schemas::Ask::count_uids, group));
}

template <class Base>
Bus::Answer<std::vector<ClientId>> BusCalls<Base>::all_clients() {
  return list<ClientId>(
      [&](const Take& take) { return gather(queries_, {.ask = schemas::Ask::all_clients}, 1, take); });
}

template <class Base>
Bus::Answer<std::vector<std::string>> BusCalls<Base>::all_uids() {
  return list<std::string>(
      [&](const Take& take) { return gather(queries_, {.ask = schemas::Ask::all_uids}, 1, take); });
}

template <class Base>
Bus::Answer<std::map<std::string, std::uint64_t>> BusCalls<Base>::group_sizes() {
  Answered<std::map<std::string, std::uint64_t>> found;
  const Take take = [&found](std::span<std::string> item) -> Status {
    auto size = parse_count(item[1]);
    if (!size) return size.error();
    found.value[item[0]] = *size;
    return Nothing{};
  };
  auto done = gather(queries_, {.ask = schemas::Ask::all_groups}, 2, take);
  if (!done) return done.error();
  found.complete = done->complete;
  return found;
}

template <class Base>
Bus::Answer<std::vector<SessionInfo>> BusCalls<Base>::sessions(std::optional<std::string_view> group) {
  return gather_sessions(queries_, about_group(schemas::Ask::sessions, group));
}

template <class Base>
Bus::Answer<std::optional<SessionInfo>> BusCalls<Base>::session_of(ClientId client) {
  auto found = gather_sessions(queries_, {.ask = schemas::Ask::sessions, .clients = {client}});
  if (!found) return found.error();
  Answered<std::optional<SessionInfo>> answer{std::nullopt, found->complete};
  for (auto& info : found->value) {
    if (info.client == client) answer.value = std::move(info);
  }
  return answer;
}

template class BusCalls<Bus>;
template class BusCalls<Context>;

}  // namespace worker
}  // namespace fairlead
