#include "worker/paging.hpp"

#include <algorithm>
#include <charconv>

#include "bus/text.hpp"

namespace fairlead::worker {
namespace {

template <class T>
Result<Answered<Nothing>> gather_in_parts(Queries& queries, schemas::Ask ask, std::vector<T> schemas::Query::*field,
                                          const std::vector<T>& about, std::size_t stride, const Take& take) {
  Answered<Nothing> all;
  for (std::size_t begin = 0; begin < about.size(); begin += schemas::max_answer_items) {
    const std::size_t end = std::min(begin + schemas::max_answer_items, about.size());
    schemas::Query query{.ask = ask};
    const auto from = about.begin() + static_cast<std::ptrdiff_t>(begin);
    (query.*field).assign(from, from + static_cast<std::ptrdiff_t>(end - begin));
    auto part = gather(queries, std::move(query), stride, take);
    if (!part) return part;
    all.complete = all.complete && part->complete;
  }
  return all;
}

}  // namespace

Result<Answered<Nothing>> gather(Queries& queries, schemas::Query query, std::size_t stride, const Take& take) {
  Answered<Nothing> all;
  std::size_t bytes = 0;
  while (true) {
    auto page = queries.ask(query);
    if (!page) return page.error();
    all.complete = all.complete && page->complete;
    if (page->items.size() % stride != 0) return Error{"the broker's answer is cut in the middle of an entry"};
    for (const auto& item : page->items) bytes += item.size();
    if (bytes > max_gathered_bytes) {
      return Error{"the answer is larger than " + std::to_string(max_gathered_bytes >> 20U) +
                   " MiB; ask group by group"};
    }
    const std::span items(page->items);
    for (std::size_t i = 0; i < items.size(); i += stride) {
      if (auto taken = take(items.subspan(i, stride)); !taken) return taken.error();
    }
    if (page->next.empty()) return all;
    if (page->items.empty() || page->next == query.cursor) return Error{"the broker's answer does not end"};
    query.cursor = std::move(page->next);
  }
}

Result<Answered<Nothing>> gather_about(Queries& queries, schemas::Ask ask, const std::vector<ClientId>& clients,
                                       std::size_t stride, const Take& take) {
  return gather_in_parts(queries, ask, &schemas::Query::clients, clients, stride, take);
}

Result<Answered<Nothing>> gather_about(Queries& queries, schemas::Ask ask, const std::vector<std::string>& names,
                                       std::size_t stride, const Take& take) {
  return gather_in_parts(queries, ask, &schemas::Query::names, names, stride, take);
}

Result<std::uint64_t> parse_count(std::string_view digits) {
  std::uint64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, failure] = std::from_chars(digits.data(), end, number);
  if (failure != std::errc{} || stop != end) {
    return Error{"the broker's answer holds '" + printable(digits, 40) + "' where a number belongs"};
  }
  return number;
}

}  // namespace fairlead::worker
