#include "broker/ring.hpp"

#include <algorithm>
#include <utility>

#include "bus/check.hpp"
#include "schemas/limits.hpp"

namespace fairlead::broker {

void Ring::added() {
  // A big record gets a chunk of its own: what is before it need not wait for it on the wire.
  if (begun_ > 0 && open_.body.size() > 2 * schemas::batch_bytes) {
    std::string big = open_.body.substr(begun_);
    open_.body.resize(begun_);
    seal();
    open_.body = std::move(big);
  }
  ++head_;
  if (open_.count++ == 0) open_.first = head_;
  if (open_.body.size() >= schemas::batch_bytes) seal();
}

void Ring::seal() {
  if (open_.count == 0) return;
  bytes_ += open_.body.size();
  chunks_.push_back(std::exchange(open_, {}));
}

void Ring::on_resume(std::uint64_t applied) {
  on_ack(applied);
  sent_ = acked_;
  unacked_ = 0;
  sent_chunks_ = 0;
}

void Ring::on_ack(std::uint64_t applied) {
  if (applied > head_) return;  // the owner judges that
  acked_ = std::max(acked_, applied);
  while (!chunks_.empty() && chunks_.front().last() <= acked_) {
    const std::size_t size = chunks_.front().body.size();
    bytes_ -= size;
    if (sent_chunks_ > 0) {
      --sent_chunks_;
      unacked_ -= size;
    }
    chunks_.pop_front();
  }
}

const Ring::Chunk* Ring::next_to_send(std::size_t window) {
  if (sent_chunks_ == chunks_.size() || lagging(window)) return nullptr;
  return &chunks_[sent_chunks_];
}

void Ring::on_sent(const Chunk& chunk) {
  sent_ = chunk.last();
  unacked_ += chunk.body.size();
  ++sent_chunks_;
}

void Ring::restore(Chunk chunk) {
  FAIRLEAD_CHECK(chunk.count > 0, "an empty chunk in a checkpoint");
  if (chunks_.empty()) acked_ = sent_ = chunk.first - 1;
  head_ = chunk.last();
  bytes_ += chunk.body.size();
  chunks_.push_back(std::move(chunk));
}

}  // namespace fairlead::broker
