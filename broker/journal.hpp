// The journal's format (docs/protocol.md, B10). A segment is a series of records
//
//   length u32 · CRC-32C u32 of the body · body          (little-endian)
//
// All checksums but the header's go on from that of the lineage, so that no message which holds the bytes of a record is taken for one.
// where the body is a msgpack array [type, …]. A segment begins with a header and a checkpoint: everything in it stands
// on its own, so older segments may go once a newer one is complete. This file only makes and reads bytes; broker/io
// keeps files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/state.hpp"
#include "bus/ids.hpp"
#include "bus/result.hpp"

namespace fairlead::broker {

struct JournalHeader {
  Lineage lineage;
  std::uint16_t shard = 0;
  std::uint64_t segment = 0;  // 1, 2, 3…
};

void append_fact(std::string& out, Lineage lineage, const Fact& fact);

// The bytes that a new segment begins with.
std::string begin_segment(const JournalHeader& header, const State& state);

struct Replayed {
  JournalHeader header;
  State state;
  std::size_t facts = 0;
  // Where the last whole record ends. Beyond it lies a torn tail, to be cut off, or nothing.
  std::size_t good_bytes = 0;
  bool torn = false;
};

// Reads a whole segment. A record that is cut short or does not match its checksum is a torn tail when nothing readable
// follows it; otherwise, and for a segment whose checkpoint is incomplete, the segment is damaged and the error says
// where.
Result<Replayed> replay_segment(std::string_view segment);

}  // namespace fairlead::broker
