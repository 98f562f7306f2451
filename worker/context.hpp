// EventContext is the Context of one event: it collects effects, keeps the limits of an outcome, and turns queries into
// requests, page by page.
#pragma once

#include <vector>

#include "fairlead/context.hpp"

#include "schemas/effect.hpp"
#include "schemas/records.hpp"
#include "worker/own_client.hpp"
#include "worker/queries.hpp"

namespace fairlead::worker {

class EventContext final : public Context {
 public:
  // All of these outlive it. `own` is changed as effects are added.
  struct Around {
    const schemas::Unit& unit;
    const schemas::UnitEvent& event;
    OwnClient& own;
    Queries& queries;
    Store& store;
  };
  explicit EventContext(Around around) : around_(around) {}

  std::vector<schemas::Effect> take_effects() { return std::move(effects_); }

  ClientId client() const override { return around_.own.id; }
  std::uint64_t seq() const override { return around_.event.seq; }
  std::uint64_t attempt() const override { return around_.unit.attempt; }
  std::string_view peer() const override { return around_.unit.peer; }
  std::string_view gateway() const override { return around_.unit.gateway; }
  bool message_is_binary() const override;

  const std::optional<std::string>& uid() const override { return around_.own.uid; }
  const std::vector<std::string>& groups() const override { return around_.own.groups; }
  std::string_view session() const override { return around_.own.session; }
  std::uint64_t session_version() const override { return around_.own.session_version; }

  void send_to_all(std::string_view message, SendToAllOptions options) override;
  void send_to_clients(std::vector<ClientId> clients, std::string_view message, SendOptions options) override;
  void send_to_uids(std::vector<std::string> uids, std::string_view message, SendOptions options) override;
  void send_to_groups(std::vector<std::string> groups, std::string_view message, SendOptions options) override;

  void bind_uid(ClientId client, std::string_view uid) override;
  void unbind_uid(ClientId client) override;
  void join_group(ClientId client, std::string_view group) override;
  void leave_group(ClientId client, std::string_view group) override;
  void ungroup(std::string_view group) override;
  void set_session(ClientId client, std::string_view session) override;
  void compare_and_set_session(ClientId client, std::uint64_t version, std::string_view session) override;
  void close_client(ClientId client, std::optional<std::string_view> last) override;
  void destroy_client(ClientId client) override;

  void progress() override { around_.queries.progress(); }
  Store& store() override { return around_.store; }

  Answer<std::vector<ClientId>> which_online(std::vector<ClientId> clients) override;
  Answer<std::vector<std::string>> which_uids_online(std::vector<std::string> uids) override;
  Answer<std::vector<ClientId>> clients_of_uids(std::vector<std::string> uids) override;
  Answer<std::map<ClientId, std::string>> uids_of(std::vector<ClientId> clients) override;
  Answer<std::vector<ClientId>> clients_in_groups(std::vector<std::string> groups) override;
  Answer<std::vector<std::string>> uids_in_groups(std::vector<std::string> groups) override;
  Answer<std::uint64_t> client_count(std::optional<std::string_view> group) override;
  Answer<std::uint64_t> uid_count(std::optional<std::string_view> group) override;
  Answer<std::vector<ClientId>> all_clients() override;
  Answer<std::vector<std::string>> all_uids() override;
  Answer<std::map<std::string, std::uint64_t>> group_sizes() override;
  Answer<std::vector<SessionInfo>> sessions(std::optional<std::string_view> group) override;
  Answer<std::optional<SessionInfo>> session_of(ClientId client) override;

 private:
  void add(schemas::Effect effect);
  void send(schemas::Send send, std::string_view message);

  Around around_;
  std::vector<schemas::Effect> effects_;
  std::size_t bytes_ = 0;    // of all effects
  std::size_t largest_ = 0;  // of one
};

}  // namespace fairlead::worker
