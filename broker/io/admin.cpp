#include "broker/io/admin.hpp"

#include <array>
#include <charconv>
#include <functional>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "broker/io/machine.hpp"
#include "bus/io/options.hpp"
#include "bus/io/process.hpp"
#include "bus/text.hpp"
#include "schemas/limits.hpp"

namespace fairlead::broker::io {
namespace {

using Json = nlohmann::ordered_json;
using fairlead::schemas::Effect;

// What a request may not be. Its text is the answer.
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

constexpr std::size_t most_items = 10'000;
constexpr std::size_t default_items = 1'000;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// Bytes that are not UTF-8 cannot stand in JSON: they are shown escaped.
std::string shown(std::string_view bytes) {
  return is_utf8(bytes) ? std::string(bytes) : printable(bytes, bytes.size() * 4 + 3);
}

const char* kind_name(schemas::EventKind kind) {
  static constexpr std::array<const char*, 6> names{"?", "open", "message", "close", "timer", "group"};
  return names.at(static_cast<std::size_t>(kind));
}

class Request {
 public:
  explicit Request(const Json& json) : json_(json) {}

  std::optional<std::string> text(const char* key) const {
    if (!json_.contains(key)) return std::nullopt;
    if (!json_[key].is_string()) throw Refused(std::string("'") + key + "' must be a string");
    return json_[key].get<std::string>();
  }
  std::string required(const char* key) const {
    auto value = text(key);
    if (!value || value->empty()) throw Refused(std::string("'") + key + "' is missing");
    return *value;
  }
  bool flag(const char* key) const {
    if (!json_.contains(key)) return false;
    if (!json_[key].is_boolean()) throw Refused(std::string("'") + key + "' must be true or false");
    return json_[key].get<bool>();
  }
  std::size_t limit() const {
    if (!json_.contains("limit")) return default_items;
    if (!json_["limit"].is_number_unsigned()) throw Refused("'limit' must be a number");
    return std::min<std::size_t>(json_["limit"].get<std::size_t>(), most_items);
  }
  static ClientId client(const std::string& typed) {
    const auto id = ClientId::parse(typed);
    if (!id) throw Refused("'" + printable(typed) + "' is no client: " + id.error().message);
    return *id;
  }

 private:
  const Json& json_;
};

// A dead letter is named by its client and the number of its event: "00…42:17".
std::pair<ClientId, std::uint64_t> letter_of(const std::string& typed) {
  const std::size_t colon = typed.rfind(':');
  std::uint64_t seq = 0;
  const char* end = typed.data() + typed.size();
  if (colon == std::string::npos || std::from_chars(typed.data() + colon + 1, end, seq).ptr != end || seq == 0)
    throw Refused("'" + printable(typed) + "' names no dead letter: CLIENT:NUMBER");
  return {Request::client(typed.substr(0, colon)), seq};
}

Json describe(const ClientId& id, const Client& client, const Broker& broker) {
  const auto at = broker.state().gateways().find(id.gateway);
  return {{"client", id.text()},
          {"gateway", at == broker.state().gateways().end() ? text(id.gateway) : at->second.name},
          {"peer", client.peer},
          {"uid", client.uid ? Json(shown(*client.uid)) : Json(nullptr)},
          {"groups", client.groups.size()},
          {"events", client.done},
          {"waiting", broker.waiting_events(id)}};
}

Json describe(const DeadLetter& letter) {
  return {{"id", letter.client.text() + ":" + std::to_string(letter.seq)},
          {"kind", kind_name(letter.kind)},
          {"bytes", letter.payload.size()},
          {"reason", shown(letter.reason)}};
}

// ---- the questions

struct Asked {
  Broker& broker;
  const Request& request;
  Instant now;
  const Admin::Settings& settings;
  Instant started;

  Json status() const {
    const Counters& c = broker.counters();
    return {{"version", FAIRLEAD_VERSION},
            {"pid", getpid()},
            {"uptime", seconds(now - started)},
            {"listen", settings.listen},
            {"lineage", text(Incarnation{broker.journal_header().lineage.value})},
            {"gateways", broker.gateways(now).size()},
            {"workers", broker.workers(now).size()},
            {"clients", broker.state().directory().size()},
            {"uids", broker.state().directory().uids().size()},
            {"groups", broker.state().directory().groups().size()},
            {"clients_with_events", broker.waiting_clients()},
            {"units_out", broker.units_out()},
            {"dead_letters", broker.state().dead_letters().size()},
            {"dead_letters_dropped", broker.state().dead_letters_dropped()},
            {"counters",
             {{"events", c.events},
              {"repeated_events", c.repeated_events},
              {"refused_events", c.refused_events},
              {"units", c.units},
              {"commits", c.commits},
              {"publications", c.publications},
              {"failed", c.failed},
              {"postponed", c.postponed},
              {"conflicts", c.conflicts},
              {"late_outcomes", c.late_outcomes},
              {"returned", c.returned},
              {"dead_letters", c.dead_letters},
              {"stale_frames", c.stale_frames},
              {"bad_frames", c.bad_frames},
              {"unknown_records", c.unknown_records},
              {"resets", c.resets},
              {"queries", c.queries}}}};
  }

  Json machine() const {
    const Machine machine = look_at_machine(settings.journal);
    return {{"descriptors", machine.descriptors},
            {"somaxconn", machine.somaxconn},
            {"keys", settings.keys},
            {"journal", settings.journal},
            {"journal_level", settings.journal_level},
            {"journal_in_memory", machine.journal_in_memory},
            {"journal_free_bytes", machine.journal_free_bytes}};
  }

  Json gateways() const {
    Json all = Json::array();
    for (const auto& one : broker.gateways(now)) {
      const char* state = one.gone ? "gone" : !one.live ? "away" : one.lagging ? "lagging" : "live";
      all.push_back({{"gateway", shown(one.name)},
                     {"incarnation", text(one.incarnation)},
                     {"state", state},
                     {"away", one.away ? Json(seconds(*one.away)) : Json(nullptr)},
                     {"clients", one.clients},
                     {"uncommitted", one.uncommitted},
                     {"kept_bytes", one.kept_bytes}});
    }
    return {{"gateways", std::move(all)}};
  }

  Json workers() const {
    Json all = Json::array();
    for (const auto& one : broker.workers(now)) {
      all.push_back({{"worker", shown(one.name)},
                     {"app", shown(one.app)},
                     {"version", shown(one.version)},
                     {"state", !one.live       ? "linking"
                               : one.units > 0 ? "busy"
                                               : "idle"},
                     {"units", one.units},
                     {"commits", one.commits},
                     {"failures", one.failures},
                     {"silent", seconds(one.silent)}});
    }
    return {{"workers", std::move(all)}};
  }

  // Of a uid, of a group, of a gateway, or all; in the order of their ids, behind `after`.
  Json clients() const {
    const Directory& directory = broker.state().directory();
    const auto uid = request.text("uid");
    const auto group = request.text("group");
    const auto gateway = request.text("gateway");
    std::optional<ClientId> after;
    if (const auto typed = request.text("after")) after = Request::client(*typed);
    const auto wanted = [&](const ClientId& id, const Client& client) {
      if (after && id <= *after) return false;
      if (uid && client.uid != *uid) return false;
      if (group && !std::binary_search(client.groups.begin(), client.groups.end(), *group)) return false;
      const auto at = broker.state().gateways().find(id.gateway);
      return !gateway || (at != broker.state().gateways().end() && at->second.name == *gateway);
    };
    const std::size_t limit = request.limit();
    Json all = Json::array();
    Json next = nullptr;
    const auto take = [&](const ClientId& id) {
      const Client& client = *directory.find(id);
      if (!wanted(id, client)) return true;
      if (all.size() == limit) {
        next = all.empty() ? Json(nullptr) : all.back()["client"];
        return false;
      }
      all.push_back(describe(id, client, broker));
      return true;
    };
    const Directory::Set* set = uid ? directory.uid(*uid) : group ? directory.group(*group) : nullptr;
    if (uid || group) {
      for (const ClientId& id : set == nullptr ? std::set<ClientId>{} : set->clients) {
        if (!take(id)) break;
      }
    } else {
      for (const ClientId& id : directory.page(after, gateway ? directory.size() : limit + 1)) {
        if (!take(id)) break;
      }
    }
    return {{"clients", std::move(all)}, {"next", std::move(next)}};
  }

  Json client() const {
    const ClientId id = Request::client(request.required("client"));
    const Client* client = broker.state().directory().find(id);
    if (client == nullptr) throw Refused("client " + id.text() + " is not online");
    Json one = describe(id, *client, broker);
    one["groups"] = Json::array();
    for (const auto& group : client->groups) one["groups"].push_back(shown(group));
    one["session_version"] = client->session_version;
    one["session_bytes"] = client->session.size();
    return {{"client", std::move(one)}};
  }

  Json groups() const {
    const auto& groups = broker.state().directory().groups();
    const std::string after = request.text("after").value_or("");
    const std::size_t limit = request.limit();
    Json all = Json::array();
    Json next = nullptr;
    for (auto at = groups.upper_bound(after); at != groups.end(); ++at) {
      if (all.size() == limit) {
        next = all.empty() ? Json(nullptr) : all.back()["group"];
        break;
      }
      all.push_back({{"group", shown(at->first)},
                     {"clients", at->second.clients.size()},
                     {"gateways", at->second.gateways.size()}});
    }
    return {{"groups", std::move(all)}, {"next", std::move(next)}};
  }

  // ---- dead letters

  Json dead_ls() const {
    Json all = Json::array();
    const auto& letters = broker.state().dead_letters();
    for (const auto& letter : letters) {
      if (all.size() == request.limit()) break;
      all.push_back(describe(letter));
    }
    return {{"dead_letters", std::move(all)}, {"total", letters.size()}};
  }

  Json dead_show() const {
    const auto [client, seq] = letter_of(request.required("letter"));
    const DeadLetter* letter = broker.state().dead_letter(client, seq);
    if (letter == nullptr) throw Refused("there is no such dead letter");
    Json one = describe(*letter);
    one["online"] = broker.state().directory().find(client) != nullptr;
    one["payload"] = shown(letter->payload);
    one["hex"] = to_hex(letter->payload);
    return {{"dead_letter", std::move(one)}};
  }

  Json dead_retry() const {
    return each_letter([this](const ClientId& id, std::uint64_t seq) { return broker.retry_dead_letter(id, seq); });
  }
  Json dead_drop() const {
    return each_letter([this](const ClientId& id, std::uint64_t seq) { return broker.drop_dead_letter(id, seq); });
  }

  // One, or all. Of all, those that cannot be are passed over and counted.
  Json each_letter(const std::function<Status(const ClientId&, std::uint64_t)>& act) const {
    if (!request.flag("all")) {
      const auto [client, seq] = letter_of(request.required("letter"));
      if (const auto done = act(client, seq); !done) throw Refused(done.error().message);
      return {{"done", 1}, {"passed_over", 0}};
    }
    std::vector<std::pair<ClientId, std::uint64_t>> letters;
    for (const auto& letter : broker.state().dead_letters()) letters.emplace_back(letter.client, letter.seq);
    std::size_t done = 0;
    for (const auto& [client, seq] : letters) done += act(client, seq) ? 1 : 0;
    return {{"done", done}, {"passed_over", letters.size() - done}};
  }

  // ---- orders that reach users

  Json kick() const {
    const auto last = request.text("last");
    const auto uid = request.text("uid");
    if (uid) {
      const Directory::Set* bound = broker.state().directory().uid(*uid);
      if (bound == nullptr) throw Refused("nobody is bound to uid '" + printable(*uid) + "'");
      const std::size_t clients = bound->clients.size();
      publish(schemas::CloseUid{.uid = *uid, .last = last});
      return {{"clients", clients}};
    }
    const ClientId id = Request::client(request.required("client"));
    if (broker.state().directory().find(id) == nullptr) throw Refused("client " + id.text() + " is not online");
    publish(schemas::CloseClient{.client = id, .now = request.flag("now"), .last = last});
    return {{"clients", 1}};
  }

  Json send() const {
    schemas::Send send{.payload = request.required("text"), .binary = request.flag("binary")};
    const Directory& directory = broker.state().directory();
    std::size_t clients = 0;
    if (const auto id = request.text("client")) {
      send.clients = {Request::client(*id)};
      clients = directory.find(send.clients.front()) != nullptr ? 1 : 0;
    } else if (const auto uid = request.text("uid")) {
      send.scope = schemas::Scope::uids;
      send.names = {*uid};
      if (const auto* bound = directory.uid(*uid)) clients = bound->clients.size();
    } else if (const auto group = request.text("group")) {
      send.scope = schemas::Scope::groups;
      send.names = {*group};
      if (const auto* members = directory.group(*group)) clients = members->clients.size();
    } else if (request.flag("all")) {
      send.scope = schemas::Scope::all;
      clients = directory.size();
    } else {
      throw Refused("to whom? 'client', 'uid', 'group', or 'all': true");
    }
    if (send.payload.size() > schemas::max_payload) throw Refused("the text is too long");
    if (clients > 0) publish(std::move(send));
    return {{"clients", clients}};
  }

  void publish(Effect effect) const {
    std::vector<Effect> effects;
    effects.push_back(std::move(effect));
    broker.publish(std::move(effects));
  }

  Json help() const;
};

struct Question {
  std::string_view name;
  Json (Asked::*answer)() const;
  const char* what;
};

constexpr std::array<Question, 14> questions{{
    {"status", &Asked::status, "this broker and its counters"},
    {"machine", &Asked::machine, "where this broker runs: limits, journal"},
    {"gateways", &Asked::gateways, "who holds connections"},
    {"workers", &Asked::workers, "who handles events, and publishers"},
    {"clients", &Asked::clients, "who is connected: uid, group, gateway; limit, after"},
    {"client", &Asked::client, "one of them: client"},
    {"groups", &Asked::groups, "groups and their sizes: limit, after"},
    {"dead.ls", &Asked::dead_ls, "events that could not be handled: limit"},
    {"dead.show", &Asked::dead_show, "one of them with its payload: letter"},
    {"dead.retry", &Asked::dead_retry, "handle it again, if its client is still there: letter, or all"},
    {"dead.drop", &Asked::dead_drop, "forget it: letter, or all"},
    {"kick", &Asked::kick, "close a client, or all of a uid: client or uid; last, now"},
    {"send", &Asked::send, "a message: text; client, uid, group, or all; binary"},
    {"help", &Asked::help, "this"},
}};

Json Asked::help() const {
  Json all = Json::object();
  for (const auto& question : questions) all[std::string(question.name)] = question.what;
  return {{"asks", std::move(all)}};
}

Json failure(const std::string& why) { return {{"ok", false}, {"error", why}}; }

Json answer_to(const Asked& asked) {
  const std::string name = asked.request.required("ask");
  for (const auto& question : questions) {
    if (question.name != name) continue;
    Json reply{{"ok", true}};
    reply.update((asked.*question.answer)());
    return reply;
  }
  Json reply = failure("there is no '" + printable(name) + "' to ask for; 'help' lists what there is");
  std::array<std::string_view, questions.size()> names{};
  for (std::size_t i = 0; i < questions.size(); ++i) names.at(i) = questions.at(i).name;
  if (const auto meant = fairlead::io::nearest(name, names)) reply["meant"] = *meant;
  return reply;
}

}  // namespace

std::string Admin::answer(std::string_view bytes, Instant now) {
  const auto written = [](const Json& reply) { return reply.dump(-1, ' ', false, Json::error_handler_t::replace); };
  const Json json = Json::parse(bytes, nullptr, false);
  if (!json.is_object()) return written(failure(R"(a request is a JSON object like {"ask": "help"})"));
  try {
    const Request request(json);
    return written(
        answer_to({.broker = broker_, .request = request, .now = now, .settings = settings_, .started = started_}));
  } catch (const Refused& refused) {
    return written(failure(refused.what()));
  }
}

}  // namespace fairlead::broker::io
