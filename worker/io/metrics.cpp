#include "worker/io/metrics.hpp"

namespace fairlead::worker {

MetricsPage metrics_of(Crew& crew, unsigned threads, const Store& store) {
  MetricsPage page;
  const Station::Counted counted = crew.counted();
  const Counters& c = counted.counters;
  page.gauge("fairlead_worker_ready", "1 once every thread has been welcomed by the broker.", crew.ready() ? 1 : 0);
  page.gauge("fairlead_worker_threads", "Threads that handle events.", threads);
  page.counter("fairlead_worker_events_total", "Events handled.", c.events);
  page.counter("fairlead_worker_failures_total", "Of these, failed.", c.failures);
  page.counter("fairlead_worker_postponed_total", "Handlers that said: again, later.", c.postponed);
  page.counter("fairlead_worker_unsent_outcomes_total", "Events handled in vain: the unit was taken back.",
               c.outcomes_unsent);
  page.counter("fairlead_worker_publications_total", "Publications committed.", c.publications);
  page.counter("fairlead_worker_links_total", "Links to the broker that were welcomed.", c.links);
  page.counter("fairlead_worker_stale_frames_total", "Frames of another link.", c.stale_frames);
  page.counter("fairlead_worker_bad_frames_total", "Frames that could not be read.", c.bad_frames);
  page.counter("fairlead_worker_unknown_records_total", "Records of a type not known here.", c.unknown_records);
  page.histogram("fairlead_worker_handler_seconds", "Time that handlers take.", counted.handler_times);
  const StoreCounters stored = store.counters();
  page.counter("fairlead_store_calls_total", "Calls of the store.", stored.calls);
  page.counter("fairlead_store_failures_total", "Calls that the store could not answer.", stored.failures);
  page.counter("fairlead_store_reconnects_total", "Connections to a server in place of lost ones.", stored.reconnects);
  return page;
}

}  // namespace fairlead::worker
