#include "broker/answers.hpp"

#include <algorithm>
#include <set>

#include "schemas/limits.hpp"

namespace fairlead::broker {
namespace {

using schemas::Ask;

// Collects items until the page is full. Every list is walked in order, so the key of the last item is the cursor.
class Page {
 public:
  Page(const schemas::Query& query, schemas::Answer& answer)
      : cursor_(query.cursor),
        limit_(query.limit == 0 ? schemas::max_answer_items
                                : std::min<std::uint64_t>(query.limit, schemas::max_answer_items)),
        answer_(answer) {}

  // Whether an item with this key belongs to this page. False and full() says the walk may stop.
  bool wants(const std::string& key) {
    if (full_ || (!cursor_.empty() && key <= cursor_)) return false;
    if (taken_ >= limit_ || bytes_ >= schemas::batch_bytes) {
      full_ = true;
      answer_.next = last_;
      return false;
    }
    return true;
  }
  void put(const std::string& key, std::initializer_list<std::string> items) {
    for (const auto& item : items) {
      bytes_ += item.size();
      answer_.items.push_back(item);
    }
    ++taken_;
    last_ = key;
  }
  bool full() const { return full_; }
  const std::string& cursor() const { return cursor_; }
  std::size_t limit() const { return static_cast<std::size_t>(limit_); }

 private:
  std::string cursor_;
  std::uint64_t limit_;
  schemas::Answer& answer_;
  std::uint64_t taken_ = 0;
  std::size_t bytes_ = 0;
  std::string last_;
  bool full_ = false;
};

// The members of all named sets, each once, in order.
std::set<ClientId> members(const std::vector<std::string>& names, auto set_of) {
  std::set<ClientId> all;
  for (const auto& name : names) {
    if (const auto* set = set_of(name)) all.insert(set->clients.begin(), set->clients.end());
  }
  return all;
}

void put_clients(Page& page, const auto& clients) {
  for (const ClientId& id : clients) {
    const std::string key = id.encode();
    if (page.wants(key)) page.put(key, {key});
    if (page.full()) return;
  }
}

// The clients that are asked about, those of one group, or everybody, as far as one page can need them; in order.
std::vector<ClientId> audience(const Directory& directory, const schemas::Query& query, const Page& page) {
  if (!query.clients.empty()) {
    std::set<ClientId> asked(query.clients.begin(), query.clients.end());
    std::erase_if(asked, [&](const ClientId& id) { return directory.find(id) == nullptr; });
    return {asked.begin(), asked.end()};
  }
  if (!query.names.empty()) {
    const auto* group = directory.group(query.names.front());
    if (group == nullptr) return {};
    return {group->clients.begin(), group->clients.end()};
  }
  std::optional<ClientId> after;
  if (auto id = ClientId::decode(page.cursor())) after = *id;
  return directory.page(after, page.limit() + 1);
}

}  // namespace

schemas::Answer answer(const Directory& directory, const schemas::Query& query, bool complete) {
  schemas::Answer answer{.id = query.id, .complete = complete};
  Page page(query, answer);
  const auto uid_set = [&](const std::string& name) { return directory.uid(name); };
  const auto group_set = [&](const std::string& name) { return directory.group(name); };
  switch (query.ask) {
    case Ask::clients_online:
      for (const ClientId& id : query.clients) {
        if (directory.find(id) != nullptr) answer.items.push_back(id.encode());
      }
      break;
    case Ask::uids_online:
      for (const auto& name : query.names) {
        if (directory.uid(name) != nullptr) answer.items.push_back(name);
      }
      break;
    case Ask::clients_of_uids:
      put_clients(page, members(query.names, uid_set));
      break;
    case Ask::uids_of_clients:
      for (const ClientId& id : query.clients) {
        const Client* client = directory.find(id);
        if (client == nullptr || !client->uid) continue;
        answer.items.push_back(id.encode());
        answer.items.push_back(*client->uid);
      }
      break;
    case Ask::clients_of_groups:
      put_clients(page, members(query.names, group_set));
      break;
    case Ask::uids_of_groups: {
      std::set<std::string> uids;
      for (const ClientId& id : members(query.names, group_set)) {
        if (const auto& uid = directory.find(id)->uid) uids.insert(*uid);
      }
      for (const auto& uid : uids) {
        if (page.wants(uid)) page.put(uid, {uid});
      }
      break;
    }
    case Ask::all_clients:
      put_clients(page, audience(directory, query, page));
      break;
    case Ask::all_uids:
      for (auto at = directory.uids().upper_bound(query.cursor); at != directory.uids().end() && !page.full(); ++at) {
        if (page.wants(at->first)) page.put(at->first, {at->first});
      }
      break;
    case Ask::all_groups:
      for (auto at = directory.groups().upper_bound(query.cursor); at != directory.groups().end() && !page.full();
           ++at) {
        if (page.wants(at->first)) page.put(at->first, {at->first, std::to_string(at->second.clients.size())});
      }
      break;
    case Ask::count_clients: {
      const auto* group = query.names.empty() ? nullptr : directory.group(query.names.front());
      const std::size_t count = query.names.empty() ? directory.size() : group == nullptr ? 0 : group->clients.size();
      answer.items.push_back(std::to_string(count));
      break;
    }
    case Ask::count_uids: {
      std::size_t count = directory.uids().size();
      if (!query.names.empty()) {
        std::set<std::string> uids;
        for (const ClientId& id : members({query.names.front()}, group_set)) {
          if (const auto& uid = directory.find(id)->uid) uids.insert(*uid);
        }
        count = uids.size();
      }
      answer.items.push_back(std::to_string(count));
      break;
    }
    case Ask::sessions:
      for (const ClientId& id : audience(directory, query, page)) {
        const std::string key = id.encode();
        if (!page.wants(key)) {
          if (page.full()) break;
          continue;
        }
        const Client& client = *directory.find(id);
        page.put(key, {key, client.uid.value_or(""), std::to_string(client.session_version), client.session});
      }
      break;
  }
  return answer;
}

}  // namespace fairlead::broker
