#include "broker/io/metrics.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace fairlead::broker::io {
namespace {

using Type = MetricsPage::Type;

void add_counters(MetricsPage& page, const Counters& c) {
  page.counter("fairlead_broker_events_total", "Events taken from gateways.", c.events);
  page.counter("fairlead_broker_repeated_events_total", "Events offered again and dropped.", c.repeated_events);
  page.counter("fairlead_broker_refused_events_total", "Events of clients that are not here.", c.refused_events);
  page.counter("fairlead_broker_units_total", "Units handed to workers.", c.units);
  page.counter("fairlead_broker_commits_total", "Outcomes committed.", c.commits);
  page.counter("fairlead_broker_publications_total", "Publications committed.", c.publications);
  page.counter("fairlead_broker_repeated_publications_total", "Publications offered again and dropped.",
               c.repeated_publications);
  page.counter("fairlead_broker_failed_outcomes_total", "Outcomes that say that the handler failed.", c.failed);
  page.counter("fairlead_broker_postponed_outcomes_total", "Outcomes that say: again, later.", c.postponed);
  page.counter("fairlead_broker_conflicts_total", "Outcomes refused because a session had changed.", c.conflicts);
  page.counter("fairlead_broker_late_outcomes_total", "Outcomes of attempts given up, dropped.", c.late_outcomes);
  page.counter("fairlead_broker_returned_units_total", "Units taken back from workers.", c.returned);
  page.counter("fairlead_broker_dead_letters_total", "Events that became dead letters.", c.dead_letters);
  page.counter("fairlead_broker_stale_frames_total", "Frames of links that are no more.", c.stale_frames);
  page.counter("fairlead_broker_bad_frames_total", "Frames that could not be read.", c.bad_frames);
  page.counter("fairlead_broker_unknown_records_total", "Records of a type not known here.", c.unknown_records);
  page.counter("fairlead_broker_resets_total", "Links ended by the broker.", c.resets);
  page.counter("fairlead_broker_queries_total", "Workers' questions answered.", c.queries);
}

void add_state(MetricsPage& page, const Broker& broker, std::size_t journal_bytes) {
  const auto count = [](std::size_t value) { return static_cast<double>(value); };
  const State& state = broker.state();
  page.gauge("fairlead_broker_clients", "Clients online.", count(state.directory().size()));
  page.gauge("fairlead_broker_uids", "Names that clients are bound to.", count(state.directory().uids().size()));
  page.gauge("fairlead_broker_groups", "Groups.", count(state.directory().groups().size()));
  page.gauge("fairlead_broker_clients_with_events", "Clients with an event not committed.",
             count(broker.waiting_clients()));
  page.gauge("fairlead_broker_units_out", "Units at workers.", count(broker.units_out()));
  page.gauge("fairlead_broker_dead_letters", "Dead letters kept.", count(state.dead_letters().size()));
  page.counter("fairlead_broker_dead_letters_dropped_total", "Dead letters that made room for newer ones.",
               state.dead_letters_dropped());
  page.gauge("fairlead_broker_journal_segment_bytes", "Size of the journal's current segment.", count(journal_bytes));
}

const char* state_of(const Broker::GatewayInfo& one) {
  if (one.gone) return "gone";
  if (!one.live) return "away";
  return one.lagging ? "lagging" : "live";
}

const char* state_of(const Broker::WorkerInfo& one) {
  if (!one.live) return "linking";
  return one.units > 0 ? "busy" : "idle";
}

template <class Peers, std::size_t N>
void add_states(MetricsPage& page, const Peers& peers, const std::array<const char*, N>& states) {
  for (const char* const state : states) {
    page.value({{"state", state}}, static_cast<double>(std::count_if(peers.begin(), peers.end(), [&](const auto& one) {
                 return std::string_view(state) == state_of(one);
               })));
  }
}

// A name that is longer known than its process lives is worth a label; there are as many as the operator has chosen, and
// never more than this.
constexpr std::size_t most_named = 64;

void add_gateways(MetricsPage& page, std::vector<Broker::GatewayInfo> gateways) {
  page.begin("fairlead_broker_gateways", Type::gauge, "Gateways by state.");
  add_states(page, gateways, std::array{"live", "lagging", "away", "gone"});
  std::uint64_t uncommitted = 0;
  for (const auto& one : gateways) uncommitted += one.uncommitted;
  page.gauge("fairlead_broker_uncommitted_events", "Events taken and not committed.", static_cast<double>(uncommitted));

  // One name may have had several incarnations, the older ones gone.
  std::stable_sort(gateways.begin(), gateways.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  page.begin("fairlead_broker_kept_bytes", Type::gauge, "Bytes of deliveries not acknowledged, by gateway.");
  double others = 0;
  std::size_t named = 0;
  for (auto at = gateways.begin(); at != gateways.end(); ++named) {
    double bytes = 0;
    const std::string& name = at->name;
    for (; at != gateways.end() && at->name == name; ++at) bytes += static_cast<double>(at->kept_bytes);
    if (named < most_named) {
      page.value({{"gateway", name}}, bytes);
    } else {
      others += bytes;
    }
  }
  if (named > most_named) page.value({{"gateway", ""}}, others);
}

}  // namespace

MetricsPage metrics_of(const Broker& broker, const Measured& measured, std::size_t journal_bytes, Instant now) {
  MetricsPage page;
  add_counters(page, broker.counters());
  add_state(page, broker, journal_bytes);
  add_gateways(page, broker.gateways(now));
  page.begin("fairlead_broker_workers", Type::gauge, "Workers by state.");
  add_states(page, broker.workers(now), std::array{"idle", "busy", "linking"});
  page.gauge("fairlead_broker_tap_filters", "Different filters that taps listen with.",
             static_cast<double>(broker.tap().filters()));
  page.counter("fairlead_broker_tap_records_total", "Records sent to taps.",
               broker.tap().counters().matched - broker.tap().counters().dropped);
  page.counter("fairlead_broker_tap_dropped_total", "Records that a tap asked for and was not sent.",
               broker.tap().counters().dropped);
  page.counter("fairlead_broker_tap_refused_total", "Filters of taps that were not taken.",
               broker.tap().counters().refused);
  page.histogram("fairlead_broker_journal_write_seconds", "Time to write a turn to the journal.",
                 measured.journal_writes);
  page.histogram("fairlead_broker_commits_per_write", "Outcomes committed with one write of the journal.",
                 measured.commits_per_write);
  page.counter("fairlead_broker_peers_admitted_total", "Connections of peers whose key opens the socket.",
               measured.peers_admitted);
  page.counter("fairlead_broker_peers_refused_total", "Connections refused because of their key.",
               measured.peers_refused);
  return page;
}

}  // namespace fairlead::broker::io
