#include "worker/own_client.hpp"

#include <algorithm>

namespace fairlead::worker {
namespace {

struct Apply {
  OwnClient& own;

  void operator()(const schemas::Send&) const {}
  void operator()(const schemas::CloseClient&) const {}
  void operator()(const schemas::CloseUid&) const {}
  void operator()(const schemas::SetTimer&) const {}
  void operator()(const schemas::Bind& bind) const {
    if (bind.client == own.id) own.uid = bind.uid;
  }
  void operator()(const schemas::Join& join) const {
    if (join.client == own.id && !own.is_in(join.group)) own.groups.push_back(join.group);
  }
  void operator()(const schemas::Leave& leave) const {
    if (leave.client == own.id) std::erase(own.groups, leave.group);
  }
  void operator()(const schemas::Ungroup& ungroup) const { std::erase(own.groups, ungroup.group); }
  void operator()(const schemas::SetSession& set) const {
    if (set.client != own.id || set.expected.value_or(own.session_version) != own.session_version) return;
    own.session = set.session;
    ++own.session_version;
  }
};

}  // namespace

OwnClient OwnClient::of(const schemas::Unit& unit) {
  return {.id = unit.client,
          .session_version = unit.session_version,
          .session = unit.session,
          .uid = unit.uid,
          .groups = unit.groups};
}

bool OwnClient::is_in(std::string_view group) const {
  return std::find(groups.begin(), groups.end(), group) != groups.end();
}

void OwnClient::apply(const schemas::Effect& effect) { std::visit(Apply{*this}, effect); }

}  // namespace fairlead::worker
