#include "worker/outcomes.hpp"

#include <algorithm>
#include <utility>

#include "schemas/codec.hpp"
#include "schemas/limits.hpp"

namespace fairlead::worker {
namespace {

constexpr std::size_t room = schemas::max_frame - schemas::topic_bytes - schemas::FrameBuilder::header_bytes;

schemas::Outcome failure_in_place_of(const schemas::Outcome& outcome) {
  return {.unit = outcome.unit,
          .attempt = outcome.attempt,
          .seq = outcome.seq,
          .verdict = schemas::Verdict::failed,
          .error = "the effects of this handler are too large for one outcome"};
}

}  // namespace

Outcomes::Outcomes(LinkId link) : link_(link), builder_(schemas::outcomes_topic(link)) {}

Outcomes::Added Outcomes::add(const schemas::Outcome& outcome, Actions& out) {
  Added added;
  std::string& body = builder_.body();
  const std::size_t before = body.size();
  schemas::append(body, outcome);
  if (body.size() - before > room) {
    body.resize(before);
    schemas::append(body, failure_in_place_of(outcome));
    added.replaced = true;
  }
  count(before, out);
  return added;
}

std::uint64_t Outcomes::add(const schemas::Publication& publication, Actions& out) {
  const std::size_t before = builder_.body().size();
  schemas::append(builder_.body(), publication);
  return count(before, out);
}

bool Outcomes::fits(const schemas::Publication& publication) {
  std::string bytes;
  schemas::append(bytes, publication);
  return bytes.size() <= room;
}

// The record that begins at `before` gets its number.
std::uint64_t Outcomes::count(std::size_t before, Actions& out) {
  std::string& body = builder_.body();
  if (builder_.record_bytes() > room) {  // one too many for this frame: it begins the next
    const std::string last = body.substr(before);
    body.resize(before);
    flush(out);
    builder_.body().append(last);
  }
  const std::uint64_t number = stream_.next();
  if (first_ == 0) first_ = number;
  if (builder_.record_bytes() >= schemas::batch_bytes) flush(out);
  return number;
}

void Outcomes::flush(Actions& out) {
  if (builder_.empty()) return;
  out.emplace_back(Publish{builder_.finish({.link = link_, .seq = std::exchange(first_, 0)})});
}

bool Outcomes::on_ack(std::uint64_t ack) {
  if (ack > stream_.head()) return false;
  acked_ = std::max(acked_, ack);
  return true;
}

}  // namespace fairlead::worker
