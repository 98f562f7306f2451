// EventContext is the Context of one event.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "schemas/records.hpp"
#include "worker/bus_calls.hpp"
#include "worker/own_client.hpp"

namespace fairlead::worker {

// What retry_after() throws. It is caught where handlers are called.
struct Postponed {
  std::chrono::milliseconds time;
};

class EventContext final : public BusCalls<Context> {
 public:
  // All of these outlive it. `own` is changed as effects are added.
  struct Around {
    const schemas::Unit& unit;
    const schemas::UnitEvent& event;
    OwnClient& own;
    Queries& queries;
    Store& store;
  };
  explicit EventContext(Around around) : BusCalls(around.queries, around.store), around_(around) {}

  ClientId client() const override { return around_.own.id; }
  std::uint64_t seq() const override { return around_.event.seq; }
  std::uint64_t attempt() const override { return around_.unit.attempt; }
  std::string_view peer() const override { return around_.unit.peer; }
  std::string_view gateway() const override { return around_.unit.gateway; }
  const Handshake* handshake() const override { return handshake_; }
  bool message_is_binary() const override;

  const std::optional<std::string>& uid() const override { return around_.own.uid; }
  const std::vector<std::string>& groups() const override { return around_.own.groups; }
  std::string_view session() const override { return around_.own.session; }
  std::uint64_t session_version() const override { return around_.own.session_version; }

  void progress() override { around_.queries.progress(); }

  // It outlives the call of the handler.
  void set_handshake(const Handshake& handshake) { handshake_ = &handshake; }

 private:
  void on_effect(schemas::Effect& effect) override;
  Result<std::optional<SessionInfo>> newest_session(ClientId client) override;

  // Another client's session, as this event's effects will leave it.
  struct Changed {
    std::uint64_t times = 0;
    std::string session;
  };

  Around around_;
  const Handshake* handshake_ = nullptr;
  std::map<ClientId, Changed> changed_;
};

}  // namespace fairlead::worker
