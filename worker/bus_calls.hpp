// BusCalls makes a Bus, or what is derived from it, of a list of effects and somebody who takes queries: it collects
// effects, keeps the limits of an outcome, and turns queries into requests, page by page.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fairlead/context.hpp"

#include "schemas/effect.hpp"
#include "worker/queries.hpp"

namespace fairlead::worker {

template <class Base>
class BusCalls : public Base {
 public:
  // Both outlive it.
  BusCalls(Queries& queries, Store& store) : queries_(queries), store_(store) {}

  std::vector<schemas::Effect> take_effects() { return std::move(effects_); }

  void send_to_all(std::string_view message, SendToAllOptions options) override;
  void send_to_clients(std::vector<ClientId> clients, std::string_view message, SendOptions options) override;
  void send_to_uids(std::vector<std::string> uids, std::string_view message, SendOptions options) override;
  void send_to_groups(std::vector<std::string> groups, std::string_view message, SendOptions options) override;

  void bind_uid(ClientId client, std::string_view uid) override;
  void unbind_uid(ClientId client) override;
  void join_group(ClientId client, std::string_view group, JoinOptions options) override;
  void leave_group(ClientId client, std::string_view group) override;
  void ungroup(std::string_view group) override;
  void set_session(ClientId client, std::string_view session) override;
  void compare_and_set_session(ClientId client, std::uint64_t version, std::string_view session) override;
  void close_client(ClientId client, std::optional<std::string_view> last) override;
  void destroy_client(ClientId client) override;
  void close_uid(std::string_view uid, std::optional<std::string_view> last) override;
  void set_timer(ClientId client, std::string_view name, std::chrono::milliseconds after,
                 std::string_view payload) override;
  void cancel_timer(ClientId client, std::string_view name) override;

  Store& store() override { return store_; }

  Bus::Answer<std::vector<ClientId>> which_online(std::vector<ClientId> clients) override;
  Bus::Answer<std::vector<std::string>> which_uids_online(std::vector<std::string> uids) override;
  Bus::Answer<std::vector<ClientId>> clients_of_uids(std::vector<std::string> uids) override;
  Bus::Answer<std::map<ClientId, std::string>> uids_of(std::vector<ClientId> clients) override;
  Bus::Answer<std::vector<ClientId>> clients_in_groups(std::vector<std::string> groups) override;
  Bus::Answer<std::vector<std::string>> uids_in_groups(std::vector<std::string> groups) override;
  Bus::Answer<std::uint64_t> client_count(std::optional<std::string_view> group) override;
  Bus::Answer<std::uint64_t> uid_count(std::optional<std::string_view> group) override;
  Bus::Answer<std::vector<ClientId>> all_clients() override;
  Bus::Answer<std::vector<std::string>> all_uids() override;
  Bus::Answer<std::map<std::string, std::uint64_t>> group_sizes() override;
  Bus::Answer<std::vector<SessionInfo>> sessions(std::optional<std::string_view> group) override;
  Bus::Answer<std::optional<SessionInfo>> session_of(ClientId client) override;

 protected:
  void add(schemas::Effect effect);
  // An effect is about to be added. What it throws comes out of the call that asked for the effect.
  virtual void on_effect(schemas::Effect&) {}

 private:
  void send(schemas::Send send, std::string_view message);

  Queries& queries_;
  Store& store_;
  std::vector<schemas::Effect> effects_;
  std::size_t bytes_ = 0;    // of all effects
  std::size_t largest_ = 0;  // of one
};

// The effects of a publication.
using PublicationBus = BusCalls<Bus>;

}  // namespace fairlead::worker
