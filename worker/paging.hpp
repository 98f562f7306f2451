// Paging asks for one page after another until a query is answered in full. It promises to end: a broker that turns in
// circles or answers without measure is an Error.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "fairlead/types.hpp"

#include "schemas/limits.hpp"
#include "worker/queries.hpp"

namespace fairlead::worker {

// What one query may bring together: some millions of ids, but not everybody's sessions at their largest.
inline constexpr std::size_t max_gathered_bytes = std::size_t{256} << 20U;

// Calls `take` with every `stride` items that the answer holds. The answer's value says nothing but that it came.
using Take = std::function<Status(std::span<std::string> items)>;
Result<Answered<Nothing>> gather(Queries& queries, schemas::Query query, std::size_t stride, const Take& take);

// The same for any number of names or ids: as many queries as their limit asks for, one after another.
Result<Answered<Nothing>> gather_about(Queries& queries, schemas::Ask ask, const std::vector<ClientId>& clients,
                                       std::size_t stride, const Take& take);
Result<Answered<Nothing>> gather_about(Queries& queries, schemas::Ask ask, const std::vector<std::string>& names,
                                       std::size_t stride, const Take& take);

Result<std::uint64_t> parse_count(std::string_view digits);

}  // namespace fairlead::worker
