// Records to bytes and back. Decoding is total: any bytes give a record, an Unknown, or an error; nothing is allocated
// beyond the limits of schemas/limits.hpp, and elements behind those we know are passed over (they are a newer peer's).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "schemas/cursor.hpp"
#include "schemas/records.hpp"

namespace fairlead::schemas {

void append(std::string& out, const Heartbeat& record);
void append(std::string& out, const Bye& record);
void append(std::string& out, const Reset& record);
void append(std::string& out, const Complaint& record);
void append(std::string& out, const GatewayHello& record);
void append(std::string& out, const ClientSnapshot& record);
void append(std::string& out, const Event& record);
void append(std::string& out, const GatewayWelcome& record);
void append(std::string& out, const Deliver& record);
void append(std::string& out, const Bound& record);
void append(std::string& out, const Joined& record);
void append(std::string& out, const Left& record);
void append(std::string& out, const Ungrouped& record);
void append(std::string& out, const SessionSet& record);
void append(std::string& out, const Close& record);
void append(std::string& out, const Timer& record);
void append(std::string& out, const Replay& record);
void append(std::string& out, const Committed& record);
void append(std::string& out, const Refused& record);
void append(std::string& out, const Gap& record);
void append(std::string& out, const WorkerHello& record);
void append(std::string& out, const Credit& record);
void append(std::string& out, const Query& record);
void append(std::string& out, const Drain& record);
void append(std::string& out, const Outcome& record);
void append(std::string& out, const Publication& record);
void append(std::string& out, const Progress& record);
void append(std::string& out, const WorkerWelcome& record);
void append(std::string& out, const Unit& record);
// The same with the events from elsewhere, so that a broker need not copy their payloads; record.events is not looked
// at.
void append(std::string& out, const Unit& record, std::span<const UnitEvent> events);
void append(std::string& out, const Cancel& record);
void append(std::string& out, const Drained& record);
void append(std::string& out, const Answer& record);

// One effect as it stands in an outcome and in the broker's journal.
void append(std::string& out, const Effect& effect);
// How many bytes append() would add, near enough to bound an outcome while it grows.
std::size_t approximate_bytes(const Effect& effect);
Effect decode_effect(Cursor& cursor);
void append_effects(std::string& out, const std::vector<Effect>& effects);
std::vector<Effect> decode_effects(Cursor& cursor);

// Each takes the next record from the cursor. When the cursor has failed afterwards, the bytes were bad.
ToBrokerFromGateway decode_from_gateway(Cursor& cursor);
ToGateway decode_to_gateway(Cursor& cursor);
ToBrokerFromWorker decode_from_worker(Cursor& cursor);
ToWorker decode_to_worker(Cursor& cursor);

std::string encode(const Handshake& handshake);
Result<Handshake> decode_handshake(std::string_view bytes);
std::string encode(const CloseReason& reason);
Result<CloseReason> decode_close_reason(std::string_view bytes);
std::string encode(const TimerFired& timer);
Result<TimerFired> decode_timer_fired(std::string_view bytes);
std::string encode(const GroupChange& change);
Result<GroupChange> decode_group_change(std::string_view bytes);

}  // namespace fairlead::schemas
