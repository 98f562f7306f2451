// What the wire allows at most (docs/protocol.md, W3). A record beyond these is refused as bad bytes, whoever sent it.
#pragma once

#include <cstddef>

namespace fairlead::schemas {

inline constexpr std::size_t max_payload = std::size_t{16} << 20U;  // of one event or one send
inline constexpr std::size_t max_name = 128;                        // uid, group, gateway, worker, app, version
inline constexpr std::size_t max_text = 1024;                       // reasons and errors
inline constexpr std::size_t max_session = std::size_t{64} << 10U;  // a client's session
inline constexpr std::size_t max_groups = 1024;                     // of one client
inline constexpr std::size_t max_targets = 65536;                   // names in one send, clients left out
inline constexpr std::size_t max_effects = 256;                     // of one outcome
inline constexpr std::size_t max_outcome = std::size_t{1} << 20U;   // its bytes beside its largest effect
inline constexpr std::size_t max_unit_events = 256;
inline constexpr std::size_t max_answer_items = 4096;
inline constexpr std::size_t max_frame = std::size_t{20} << 20U;  // ZMQ_MAXMSGSIZE on every bus socket
// A batch is closed when it has grown past this; one record more may still be in it.
inline constexpr std::size_t batch_bytes = std::size_t{256} << 10U;

}  // namespace fairlead::schemas
