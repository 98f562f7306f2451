#include "broker/dispatch.hpp"

#include <algorithm>

#include "bus/check.hpp"

namespace fairlead::broker {

Dispatch::Worker* Dispatch::find_worker(LinkId link) {
  const auto at = std::find_if(workers_.begin(), workers_.end(), [link](const Worker& w) { return w.link == link; });
  return at == workers_.end() ? nullptr : &*at;
}

const Dispatch::Worker* Dispatch::find_worker(LinkId link) const {
  return const_cast<Dispatch*>(this)->find_worker(link);
}

void Dispatch::add_worker(LinkId link, Instant now) {
  FAIRLEAD_CHECK(find_worker(link) == nullptr, "a worker added twice");
  workers_.push_back(Worker{.link = link, .last_word = now});
}

std::vector<UnitId> Dispatch::remove_worker(LinkId link) {
  Worker* worker = find_worker(link);
  if (worker == nullptr) return {};
  std::vector<UnitId> units(worker->units.begin(), worker->units.end());
  workers_.erase(workers_.begin() + (worker - workers_.data()));
  return units;
}

void Dispatch::on_credit(LinkId link, std::uint64_t units) {
  if (Worker* worker = find_worker(link)) {
    worker->credit = std::min(units, limits_.units);
    worker->stuck = false;
  }
}

void Dispatch::on_draining(LinkId link) {
  if (Worker* worker = find_worker(link)) worker->draining = true;
}

void Dispatch::on_word(LinkId link, Instant now) {
  if (Worker* worker = find_worker(link)) {
    worker->last_word = now;
    worker->slow = worker->stuck = false;
  }
}

bool Dispatch::idle(LinkId link) const {
  const Worker* worker = find_worker(link);
  return worker == nullptr || worker->units.empty();
}

std::uint64_t Dispatch::outstanding(LinkId link) const {
  const Worker* worker = find_worker(link);
  return worker == nullptr ? 0 : worker->units.size();
}

std::optional<UnitId> Dispatch::handling(LinkId link) const {
  const Worker* worker = find_worker(link);
  if (worker == nullptr || worker->units.empty()) return std::nullopt;
  return worker->units.front();
}

void Dispatch::on_ready(const ClientId& client, Place place, bool alone) {
  auto& queue = alone ? suspects_ : ready_;
  place == Place::front ? queue.push_front(client) : queue.push_back(client);
}

bool Dispatch::has_room(const Worker& w) const {
  return w.units.size() < w.credit && w.bytes < limits_.bytes && !w.slow && !w.stuck && !w.draining && !w.alone;
}

Dispatch::Worker* Dispatch::least_loaded() {
  Worker* best = nullptr;
  for (Worker& worker : workers_) {
    if (worker.reserved || !has_room(worker)) continue;
    if (best == nullptr || worker.units.size() < best->units.size()) best = &worker;
  }
  return best;
}

// A worker with nothing else to do; when there is none, the least loaded one is kept free of more until it is empty.
Dispatch::Worker* Dispatch::for_suspect() {
  Worker* best = nullptr;
  bool reserved = false;
  for (Worker& worker : workers_) {
    reserved = reserved || worker.reserved;
    if (!has_room(worker)) continue;
    if (best == nullptr || worker.units.size() < best->units.size()) best = &worker;
  }
  if (best == nullptr) return nullptr;
  if (best->units.empty()) {
    for (Worker& worker : workers_) worker.reserved = false;
    return best;
  }
  if (!reserved) best->reserved = true;
  return nullptr;
}

std::optional<Dispatch::Match> Dispatch::match() {
  if (!suspects_.empty()) {
    if (const Worker* worker = for_suspect()) {
      const Match match{.client = suspects_.front(), .worker = worker->link, .alone = true};
      suspects_.pop_front();
      return match;
    }
  }
  if (ready_.empty()) return std::nullopt;
  const Worker* worker = least_loaded();
  if (worker == nullptr) return std::nullopt;
  const Match match{.client = ready_.front(), .worker = worker->link, .alone = false};
  ready_.pop_front();
  return match;
}

UnitId Dispatch::hand_out(const UnitOut& unit, Instant now) {
  Worker* worker = find_worker(unit.worker);
  FAIRLEAD_CHECK(worker != nullptr, "a unit for a worker that is not there");
  const UnitId id{++last_unit_};
  if (worker->units.empty()) worker->last_word = now;
  worker->units.push_back(id);
  worker->bytes += unit.bytes;
  worker->alone = unit.alone;
  units_.emplace(id, unit);
  return id;
}

UnitOut* Dispatch::find(UnitId unit) {
  const auto at = units_.find(unit);
  return at == units_.end() ? nullptr : &at->second;
}

void Dispatch::finish(UnitId id) {
  const auto at = units_.find(id);
  if (at == units_.end()) return;
  if (Worker* worker = find_worker(at->second.worker)) {
    worker->bytes -= at->second.bytes;
    if (at->second.alone) worker->alone = false;
    // Nearly always the oldest.
    worker->units.erase(std::find(worker->units.begin(), worker->units.end(), id));
    if (worker->units.empty()) worker->slow = false;
  }
  units_.erase(at);
}

Dispatch::Late Dispatch::late(Instant now) {
  Late late;
  for (Worker& worker : workers_) {
    if (worker.units.empty()) continue;
    const Duration silent = now - worker.last_word;
    if (silent >= limits_.slow) worker.slow = true;
    if (silent >= limits_.deadline) {
      late.overdue.push_back(worker.units.front());
      worker.stuck = true;
      worker.last_word = now;
    }
  }
  const bool elsewhere =
      std::any_of(workers_.begin(), workers_.end(), [this](const Worker& w) { return !w.reserved && has_room(w); });
  for (const Worker& worker : workers_) {
    // What waits behind an overdue handler goes whether there is elsewhere or not.
    if (!worker.slow || (!elsewhere && !worker.stuck)) continue;
    for (auto unit = worker.units.rbegin(); unit != worker.units.rend() && *unit != worker.units.front(); ++unit) {
      late.behind.push_back(*unit);
    }
  }
  return late;
}

void Dispatch::on_pause(Duration pause) {
  for (Worker& worker : workers_) worker.last_word += pause;
}

Instant Dispatch::next_time() const {
  Instant next = Instant::max();
  for (const Worker& worker : workers_) {
    if (worker.units.empty()) continue;
    if (!worker.slow) next = std::min(next, worker.last_word + limits_.slow);
    next = std::min(next, worker.last_word + limits_.deadline);
  }
  return next;
}

}  // namespace fairlead::broker
