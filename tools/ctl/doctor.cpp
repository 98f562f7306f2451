#include "tools/ctl/doctor.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "bus/text.hpp"
#include "tools/ctl/show.hpp"

namespace fairlead::ctl {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t enough_descriptors = 4096;
constexpr std::uint64_t enough_backlog = 1024;
constexpr std::uint64_t enough_disk = std::uint64_t{1} << 30U;

std::uint64_t number(const Json& from, const char* key) {
  const auto at = from.find(key);
  return at != from.end() && at->is_number_unsigned() ? at->get<std::uint64_t>() : 0;
}
std::string text(const Json& from, const char* key) {
  const auto at = from.find(key);
  return at != from.end() && at->is_string() ? at->get<std::string>() : std::string{};
}
const Json& list(const Json& from, const char* key) {
  static const Json none = Json::array();
  const auto at = from.find(key);
  return at != from.end() && at->is_array() ? *at : none;
}

class Doctor {
 public:
  void good(std::string subject, std::string what) {
    findings.push_back({true, std::move(subject), std::move(what), {}});
  }
  void bad(std::string subject, std::string what, std::string advice) {
    findings.push_back({false, std::move(subject), std::move(what), std::move(advice)});
  }

  void machine(const Json& machine) {
    const std::uint64_t descriptors = number(machine, "descriptors");
    const std::string of_broker = "the broker may open " + std::to_string(descriptors) + " descriptors";
    if (descriptors < enough_descriptors) {
      bad("descriptors", of_broker,
          "raise LimitNOFILE= in its unit, or ulimit -n, to 65536; a gateway needs one for each user");
    } else {
      good("descriptors", of_broker);
    }
    const std::uint64_t backlog = number(machine, "somaxconn");
    const std::string waiting = "net.core.somaxconn is " + std::to_string(backlog);
    if (backlog < enough_backlog) {
      bad("somaxconn", waiting,
          "sysctl -w net.core.somaxconn=4096, also where gateways run: many users who come at once are refused");
    } else {
      good("somaxconn", waiting);
    }
  }

  void journal(const Json& machine) {
    const std::string directory = text(machine, "journal");
    const std::string level = text(machine, "journal_level");
    if (level == "none") {
      return bad("journal", "there is none: what is under way dies with the broker",
                 "give the broker --journal DIR, and --journal-level os where a power failure must cost nothing");
    }
    if (machine.value("journal_in_memory", false)) {
      return bad("journal",
                 directory + " is kept in memory (tmpfs): it survives the broker, but no restart of the machine",
                 "give --journal a directory on a disk");
    }
    const std::uint64_t room = number(machine, "journal_free_bytes");
    const std::string where = directory + ", level " + level + ", " + std::to_string(room >> 20U) + " MiB free";
    if (room < enough_disk) {
      return bad("journal", where, "free some space: when the disk is full nothing is committed until there is room");
    }
    good("journal", where);
  }

  void listens(const std::string& listen, bool keys) {
    const bool near =
        listen.starts_with("ipc://") || listen.starts_with("tcp://127.") || listen.starts_with("tcp://[::1]");
    if (near) return good("listen", listen + " can be reached from this machine only");
    if (keys) return good("listen", listen + " can be reached from other machines, by those who are among its peers");
    bad("listen", listen + " can be reached from other machines, and asks nobody who they are",
        "give it keys (--key and --peers), or let a firewall pass only gateways and workers to these six ports");
  }

  void gateways(const Json& all) {
    for (const auto& one : all) {
      const std::string state = text(one, "state");
      const std::string name = on_one_line(text(one, "gateway"));
      if (state == "away") {
        bad("gateways",
            name + " has been away for " + std::to_string(std::lround(one.value("away", 0.0))) + " s, with " +
                std::to_string(number(one, "clients")) + " clients",
            "look at its log and its network: after --gateway-dead its clients are closed");
      }
      if (state == "lagging") {
        bad("gateways",
            name + " has " + std::to_string(number(one, "kept_bytes") >> 20U) + " MiB of deliveries to catch up with",
            "it, or the network to it, is too slow: at 64 MiB it is cut off and its clients are closed");
      }
    }
    const auto live =
        std::count_if(all.begin(), all.end(), [](const Json& one) { return text(one, "state") == "live"; });
    if (live == 0) {
      bad("gateways", "none is here: no user can be", "start one: fairlead-gateway --broker … --listen …");
    } else {
      good("gateways", std::to_string(live) + " live");
    }
  }

  void workers(const Json& all) {
    std::map<std::string, std::set<std::string>> versions;
    std::size_t live = 0;
    for (const auto& one : all) {
      if (text(one, "state") == "linking") continue;
      if (text(one, "app") != "publisher") ++live;
      versions[text(one, "app")].insert(text(one, "version"));
    }
    if (live == 0) {
      bad("workers", "none is here: what users say waits", "start one: fairlead-worker --broker …");
    } else {
      good("workers", std::to_string(live) + " here");
    }
    for (const auto& [app, its] : versions) {
      if (its.size() < 2) continue;
      std::string names;
      for (const auto& version : its) names += (names.empty() ? "'" : ", '") + on_one_line(version) + "'";
      bad("versions",
          "workers of '" + on_one_line(app) + "' have " + std::to_string(its.size()) + " versions: " + names,
          "if no reload is under way, restart those that are old (fairlead-ctl workers names them)");
    }
  }

  void dead_letters(const Json& status) {
    const std::uint64_t kept = number(status, "dead_letters");
    if (kept == 0) return good("dead letters", "none");
    bad("dead letters", std::to_string(kept) + " events could not be handled",
        "fairlead-ctl dead ls and dead show tell why; mend the handler, then dead retry, or dead drop");
  }

  std::vector<Finding> findings;
};

}  // namespace

std::vector<Finding> examine(const Symptoms& symptoms) {
  Doctor doctor;
  doctor.machine(symptoms.machine);
  doctor.journal(symptoms.machine);
  doctor.listens(text(symptoms.status, "listen"), symptoms.machine.value("keys", false));
  doctor.gateways(list(symptoms.gateways, "gateways"));
  doctor.workers(list(symptoms.workers, "workers"));
  doctor.dead_letters(symptoms.status);
  return std::move(doctor.findings);
}

std::string show(const std::vector<Finding>& findings) {
  std::string out;
  for (const auto& [good, subject, what, advice] : findings) {
    std::string name = subject;
    name.resize(std::max<std::size_t>(name.size(), 12), ' ');
    out += (good ? "ok    " : "LOOK  ") + name + "  " + what + "\n";
    if (!advice.empty()) out += std::string(20, ' ') + "-> " + advice + "\n";
  }
  return out;
}

Json to_json(const std::vector<Finding>& findings) {
  Json all = Json::array();
  for (const auto& [good, subject, what, advice] : findings)
    all.push_back({{"good", good}, {"subject", subject}, {"what", what}, {"advice", advice}});
  return {{"findings", std::move(all)}};
}

}  // namespace fairlead::ctl
