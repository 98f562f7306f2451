// The journal on disk: segments in one directory, of which the newest that is whole counts (docs/protocol.md, B10,
// B11).
//
//   DIR/lock                       held by the running broker
//   DIR/segment-0000000007         the one that grows; older ones go once it is complete
//   DIR/damaged-…                  what could not be read, kept for a person
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "broker/journal.hpp"
#include "broker/state.hpp"
#include "bus/io/fd.hpp"
#include "bus/result.hpp"

namespace fairlead::broker::io {

enum class JournalLevel {
  none,     // nothing is kept; every start is a new lineage
  process,  // survives the process: written, not flushed to the device
  os,       // survives the machine: fdatasync before anything is sent
};
std::optional<JournalLevel> parse_journal_level(std::string_view text);

class JournalFiles {
 public:
  struct Opened {
    JournalHeader header;
    State state;
    std::size_t facts = 0;      // replayed behind the checkpoint
    std::size_t cut_bytes = 0;  // of a torn tail
    std::string damage;         // why an older journal was put aside and a new lineage begun; empty: it was not
  };

  // Makes the directory when it is missing. The error says what a person can do about it, such as that another broker
  // is running on it.
  static Result<std::pair<JournalFiles, Opened>> open(const std::string& directory, JournalLevel level,
                                                      std::uint16_t shard, Lineage fresh);

  // Appends the bytes of one turn. On an error nothing of them is in the file, and the same bytes may be tried again.
  Status append(std::string_view bytes);

  // Whether it is time for begin_segment(): the segment has outgrown both `most` and what it began with.
  bool wants_checkpoint(std::size_t most) const { return size_ > most && size_ > 2 * checkpoint_bytes_; }
  // Starts the next segment with the broker's checkpoint and lets go of the older one. On an error the old one goes on.
  Status begin_segment(std::uint64_t number, std::string_view checkpoint);

  std::size_t size() const { return size_; }

 private:
  JournalFiles() = default;
  std::string path(std::uint64_t number) const;

  std::string directory_;
  JournalLevel level_ = JournalLevel::process;
  fairlead::io::Fd lock_;
  fairlead::io::Fd file_;
  std::uint64_t segment_ = 0;
  std::size_t size_ = 0;
  std::size_t checkpoint_bytes_ = 0;
};

}  // namespace fairlead::broker::io
