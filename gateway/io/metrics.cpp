#include "gateway/io/metrics.hpp"

#include <initializer_list>

namespace fairlead::gateway::io {
namespace {

using Type = MetricsPage::Type;

struct Reason {
  std::string_view reason;
  std::uint64_t count;
};

void by_reason(MetricsPage& page, std::string_view name, std::string_view help, std::initializer_list<Reason> reasons) {
  page.begin(name, Type::counter, help);
  for (const auto& [reason, count] : reasons) page.value({{"reason", reason}}, static_cast<double>(count));
}

void add_bus(MetricsPage& page, const Gateway::Counters& c, std::uint64_t malformed_frames) {
  page.counter("fairlead_gateway_opened_total", "Clients opened.", c.opened);
  page.counter("fairlead_gateway_closed_total", "Clients closed.", c.closed);
  page.counter("fairlead_gateway_events_total", "Events taken from users, open and close included.", c.events);
  page.counter("fairlead_gateway_committed_total", "Events committed.", c.committed);
  page.counter("fairlead_gateway_offered_again_total", "Events offered again after a link was lost.", c.offered_again);
  page.counter("fairlead_gateway_deliveries_total", "Numbered records applied.", c.deliveries);
  page.counter("fairlead_gateway_messages_to_users_total", "Messages handed to connections.", c.to_users);
  page.counter("fairlead_gateway_repeated_deliveries_total", "Deliveries that had been applied before.", c.repeated);
  page.counter("fairlead_gateway_delivery_gaps_total", "Holes in the deliveries, each of which reset the link.",
               c.gaps);
  page.counter("fairlead_gateway_stale_frames_total", "Frames of another link.", c.stale);
  page.counter("fairlead_gateway_bad_frames_total", "Frames that could not be read.", c.bad + malformed_frames);
  page.counter("fairlead_gateway_unknown_records_total", "Records of a type not known here.", c.unknown);
  page.counter("fairlead_gateway_refused_clients_total", "Clients that the broker did not have.", c.refused);
  page.counter("fairlead_gateway_timers_total", "Timers that woke a client.", c.timers);
  page.counter("fairlead_gateway_refused_timers_total", "Timers of clients that had too many.", c.timers_refused);
  page.counter("fairlead_gateway_replayed_total", "Dead letters that became events again.", c.replayed);
  page.counter("fairlead_gateway_cut_off_total", "Times that the gateway was too far behind.", c.cut_off);
  page.counter("fairlead_gateway_links_total", "Links to the broker that were welcomed.", c.links);
  page.counter("fairlead_gateway_user_pauses_total", "Times that one user was not read.", c.pauses);
  page.counter("fairlead_gateway_pauses_of_all_total", "Times that no user was read.", c.pauses_of_all);
  page.counter("fairlead_gateway_after_close_total", "Messages for or from users who are gone.", c.after_close);
}

void add_users(MetricsPage& page, const UserCounters& c) {
  page.counter("fairlead_gateway_accepted_total", "Connections accepted.", c.accepted);
  by_reason(page, "fairlead_gateway_refused_total", "Connections that did not become users.",
            {{"too_many", c.refused_too_many},
             {"too_many_from_there", c.refused_too_many_from_there},
             {"handshake", c.refused_handshakes},
             {"proxy_header", c.bad_proxy_headers},
             {"tls", c.tls_failures},
             {"handshake_timeout", c.handshake_timeouts}});
  by_reason(page, "fairlead_gateway_ended_total", "Users' connections that ended.",
            {{"left", c.left},
             {"broke_rules", c.broke_rules},
             {"closed", c.closed},
             {"too_slow", c.too_slow},
             {"too_slow_for_all", c.too_slow_for_all},
             {"silent", c.silent},
             {"idle", c.idle},
             {"stranger", c.strangers}});
  by_reason(page, "fairlead_gateway_dropped_messages_total", "Messages lost by an outbox policy.",
            {{"newest", c.newest_dropped}, {"oldest", c.oldest_dropped}});
  page.counter("fairlead_gateway_dropped_bytes_total", "Bytes of these.", c.bytes_dropped);
  page.counter("fairlead_gateway_dropped_pongs_total", "Pongs and pings for users who do not read.", c.pongs_dropped);
  page.counter("fairlead_gateway_held_back_total", "Times that a user spoke too often.", c.held_back);
  page.counter("fairlead_gateway_http_requests_total", "Requests for files.", c.http_requests);
  page.counter("fairlead_gateway_accept_pauses_total", "Times that descriptors ran out.", c.accept_pauses);
}

}  // namespace

MetricsPage metrics_of(const Gateway& gateway, const Users& users, std::uint64_t malformed_frames) {
  const auto count = [](std::size_t value) { return static_cast<double>(value); };
  MetricsPage page;
  page.gauge("fairlead_gateway_live", "1 while there is a link to the broker.", gateway.live() ? 1 : 0);
  page.gauge("fairlead_gateway_connections", "Users' connections.", count(users.connections()));
  page.gauge("fairlead_gateway_clients", "Clients, those not yet settled included.", count(gateway.clients()));
  page.gauge("fairlead_gateway_uncommitted_events", "Events not committed.", count(gateway.uplink().events()));
  page.gauge("fairlead_gateway_uncommitted_bytes", "Bytes of these.", count(gateway.uplink().bytes()));
  page.gauge("fairlead_gateway_outbox_bytes", "Bytes that wait for users.", count(users.outbox_bytes()));
  page.gauge("fairlead_gateway_paused", "1 while no user is read.", gateway.paused_all() ? 1 : 0);
  add_bus(page, gateway.counters(), malformed_frames);
  add_users(page, users.counted());
  return page;
}

}  // namespace fairlead::gateway::io
