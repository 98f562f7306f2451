#include "worker/context.hpp"

#include <stdexcept>

#include "schemas/limits.hpp"

namespace fairlead {

Result<bool> Context::update_session(ClientId id, const std::function<std::string(std::string_view)>& change) {
  if (id == client()) {
    set_session(change(session()));
    return true;
  }
  auto found = newest_session(id);
  if (!found) return found.error();
  if (!*found) return false;
  compare_and_set_session(id, (*found)->version, change((*found)->session));
  return true;
}

void Context::retry_after(std::chrono::milliseconds time) { throw worker::Postponed{time}; }

namespace worker {

bool EventContext::message_is_binary() const {
  return around_.event.kind == schemas::EventKind::message && around_.event.binary;
}

void EventContext::on_effect(schemas::Effect& effect) {
  OwnClient& own = around_.own;
  if (const auto* join = std::get_if<schemas::Join>(&effect); join != nullptr && join->client == own.id &&
                                                              own.groups.size() >= schemas::max_groups &&
                                                              !own.is_in(join->group)) {
    throw std::length_error("a client is in at most " + std::to_string(schemas::max_groups) + " groups");
  }
  if (auto* close = std::get_if<schemas::CloseClient>(&effect); close != nullptr && close->client == own.id)
    close->binary = message_is_binary();
  if (auto* set = std::get_if<schemas::SetSession>(&effect)) {
    // This session is made of the one that the handler has seen.
    if (set->client == own.id && !set->expected) set->expected = own.session_version;
    if (set->client != own.id) changed_[set->client] = {changed_[set->client].times + 1, set->session};
  }
  own.apply(effect);
}

// Effects happen in their order, each raising the version by one.
Result<std::optional<SessionInfo>> EventContext::newest_session(ClientId client) {
  auto found = session_of(client);
  if (!found) return found.error();
  const auto changed = changed_.find(client);
  if (found->value && changed != changed_.end()) {
    found->value->version += changed->second.times;
    found->value->session = changed->second.session;
  }
  return std::move(found->value);
}

}  // namespace worker
}  // namespace fairlead
