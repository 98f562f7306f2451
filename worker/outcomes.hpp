// The numbered stream of outcomes on one link: counts them from 1, gathers them in frames, and remembers how far the
// broker has committed them (docs/protocol.md, L2, W3, K6).
#pragma once

#include <cstdint>
#include <string>

#include "bus/ids.hpp"
#include "bus/stream.hpp"
#include "schemas/frame.hpp"
#include "schemas/records.hpp"
#include "worker/actions.hpp"

namespace fairlead::worker {

class Outcomes {
 public:
  explicit Outcomes(LinkId link);

  // Adds the outcome to the frame that is growing, which leaves when it is big enough. An outcome that no frame could
  // carry is replaced by a failure, told in `replaced`: the broker would take its bytes for bad ones, again and again.
  struct Added {
    bool replaced = false;
  };
  Added add(const schemas::Outcome& outcome, Actions& out);
  // The number it got. Its effects must fit into a frame (Outcomes::fits).
  std::uint64_t add(const schemas::Publication& publication, Actions& out);
  static bool fits(const schemas::Publication& publication);
  // What has gathered leaves.
  void flush(Actions& out);

  // False: the broker cannot have committed what was not sent.
  [[nodiscard]] bool on_ack(std::uint64_t ack);

  std::uint64_t head() const { return stream_.head(); }
  std::uint64_t acked() const { return acked_; }
  bool all_committed() const { return builder_.empty() && acked_ >= stream_.head(); }

 private:
  std::uint64_t count(std::size_t before, Actions& out);

  LinkId link_;
  OutStream stream_;
  schemas::FrameBuilder builder_;
  std::uint64_t first_ = 0;  // number of the first outcome in the builder
  std::uint64_t acked_ = 0;
};

}  // namespace fairlead::worker
