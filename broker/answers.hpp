// Answers to workers' queries, from memory and in pages (docs/protocol.md, B12).
#pragma once

#include "broker/directory.hpp"
#include "schemas/records.hpp"

namespace fairlead::broker {

// A page of the answer; its `next` is the cursor that asks for the following one.
schemas::Answer answer(const Directory& directory, const schemas::Query& query, bool complete);

}  // namespace fairlead::broker
