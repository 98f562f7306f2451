#include "gateway/vigil.hpp"

namespace fairlead::gateway {
namespace {

bool over(Duration limit, Duration passed) { return limit > Duration{0} && passed >= limit; }

}  // namespace

void Vigil::on_pause(Duration pause) {
  opened_ += pause;
  heard_ += pause;
  spoke_ += pause;
  ask_ += pause;
}

Vigil::Verdict Vigil::on_time(const VigilTimes& times, bool asks, Instant now) {
  if (!known_ && over(times.login, now - opened_)) return Verdict::stranger;
  if (over(times.idle, now - spoke_)) return Verdict::idle;
  if (!asks || times.ping == Duration{0}) return Verdict::well;
  if (over(times.dead, now - heard_)) return Verdict::silent;
  if (now - ask_ < times.ping) return Verdict::well;
  ask_ = now;
  return Verdict::ask;
}

}  // namespace fairlead::gateway
