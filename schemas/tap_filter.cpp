#include "schemas/tap_filter.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "bus/text.hpp"

namespace fairlead::schemas {
namespace {

constexpr int deepest = 16;
constexpr std::array<std::string_view, 11> kinds{"event", "unit",    "commit", "fail",  "dead", "deliver",
                                                 "open",  "message", "close",  "timer", "group"};
constexpr std::string_view vocabulary =
    "uid X, client X, group X, gateway X, worker X, kind X, up, down, size > N, and, or, not, ( )";

struct Word {
  std::string text;
  bool quoted = false;
};

bool is_sign(char c) { return c == '(' || c == ')' || c == '<' || c == '>' || c == '='; }

// Words, "words with blanks", and signs, which need no blanks around them.
Result<std::vector<Word>> split(std::string_view text) {
  std::vector<Word> words;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == ' ') {
      ++at;
    } else if (text[at] == '"') {
      const std::size_t end = text.find('"', at + 1);
      if (end == std::string_view::npos) return Error{"a '\"' is not closed"};
      words.push_back({std::string(text.substr(at + 1, end - at - 1)), true});
      at = end + 1;
    } else if (is_sign(text[at])) {
      words.push_back({std::string(1, text[at++])});
    } else {
      const std::size_t begin = at;
      while (at < text.size() && text[at] != ' ' && text[at] != '"' && !is_sign(text[at])) ++at;
      words.push_back({std::string(text.substr(begin, at - begin))});
    }
  }
  return words;
}

}  // namespace

class TapFilterParser {
 public:
  explicit TapFilterParser(std::vector<Word> words) : words_(std::move(words)) {}

  Result<TapFilter> parse() {
    if (words_.empty()) return TapFilter{};
    if (const auto root = any(); !root) return root.error();
    if (at_ < words_.size()) return expected("'and', 'or' or the end");
    return std::move(filter_);
  }

 private:
  using Op = TapFilter::Op;
  using Index = Result<std::size_t>;

  bool take(std::string_view word) {
    if (at_ >= words_.size() || words_[at_].quoted || words_[at_].text != word) return false;
    ++at_;
    return true;
  }

  Error expected(const std::string& what) const {
    const std::string found = at_ < words_.size() ? "'" + printable(words_[at_].text) + "'" : "the end";
    return Error{"in the filter " + what + " is expected, and not " + found + " (there are " + std::string(vocabulary) +
                 ")"};
  }

  std::size_t add(TapFilter::Node node) {
    filter_.nodes_.push_back(std::move(node));
    return filter_.nodes_.size() - 1;
  }

  Index any() {
    auto left = all();
    while (left && take("or")) left = join(Op::any_of, *left, all());
    return left;
  }

  Index all() {
    auto left = one();
    while (left && take("and")) left = join(Op::all_of, *left, one());
    return left;
  }

  Index join(Op op, std::size_t left, const Index& right) {
    if (!right) return right;
    return add({.op = op, .left = left, .right = *right});
  }

  Index one() {
    if (++depth_ > deepest) return Error{"the filter is nested too deeply"};
    auto node = inner();
    --depth_;
    return node;
  }

  Index inner() {
    if (take("not")) {
      auto left = one();
      if (!left) return left;
      return add({.op = Op::none_of, .left = *left});
    }
    if (take("(")) {
      auto inside = any();
      if (!inside) return inside;
      if (!take(")")) return expected("')'");
      // The root is the last node, so what stands in brackets must be last: it is, being what was added last.
      return inside;
    }
    if (take("up")) return add({.op = Op::up});
    if (take("down")) return add({.op = Op::down});
    if (take("size")) return size();
    static constexpr std::array<std::pair<std::string_view, Op>, 6> named{{{"uid", Op::uid},
                                                                           {"client", Op::client},
                                                                           {"group", Op::group},
                                                                           {"gateway", Op::gateway},
                                                                           {"worker", Op::worker},
                                                                           {"kind", Op::kind}}};
    for (const auto& [word, op] : named) {
      if (take(word)) return name(op, word);
    }
    return expected("a condition");
  }

  Index name(Op op, std::string_view word) {
    if (at_ >= words_.size() || (!words_[at_].quoted && words_[at_].text.size() == 1 && is_sign(words_[at_].text[0])))
      return expected("what '" + std::string(word) + "' is");
    TapFilter::Node node{.op = op, .text = words_[at_].text};
    if (op == Op::client) {
      const auto client = ClientId::parse(node.text);
      if (!client) return Error{"'" + printable(node.text) + "' is no client: " + client.error().message};
      node.client = *client;
    }
    if (op == Op::kind && std::find(kinds.begin(), kinds.end(), node.text) == kinds.end()) {
      std::string all;
      for (const auto kind : kinds) all += (all.empty() ? "" : ", ") + std::string(kind);
      return Error{"there is no kind '" + printable(node.text) + "': there are " + all};
    }
    ++at_;
    return add(std::move(node));
  }

  Index size() {
    std::optional<Op> op;
    if (take(">")) op = Op::above;
    if (!op && take("<")) op = Op::below;
    const bool or_equal = take("=");
    if (!op && or_equal) op = Op::exactly;
    if (!op) return expected("'>', '<' or '='");
    if (at_ >= words_.size()) return expected("a size");
    const auto number = parse_size(words_[at_].text);
    if (!number) return number.error();
    ++at_;
    const bool shifts = or_equal && *op != Op::exactly;
    if (!shifts) return add({.op = *op, .number = *number});
    // >= N is not < N.
    const std::size_t other = add({.op = *op == Op::above ? Op::below : Op::above, .number = *number});
    return add({.op = Op::none_of, .left = other});
  }

  std::vector<Word> words_;
  std::size_t at_ = 0;
  int depth_ = 0;
  TapFilter filter_;
};

Result<TapFilter> TapFilter::parse(std::string_view text) {
  if (text.size() > TapRequest::longest_filter)
    return Error{"a filter has at most " + std::to_string(TapRequest::longest_filter) + " bytes"};
  if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }))
    return Error{"a filter has no control characters"};
  auto words = split(text);
  if (!words) return words.error();
  return TapFilterParser(std::move(*words)).parse();
}

bool TapFilter::matches(const TapSample& sample) const { return nodes_.empty() || matches(nodes_.size() - 1, sample); }

bool TapFilter::matches(std::size_t index, const TapSample& sample) const {
  const Node& node = nodes_[index];
  const auto has = [](const auto& all, const auto& one) { return std::find(all.begin(), all.end(), one) != all.end(); };
  switch (node.op) {
    case Op::all_of:
      return matches(node.left, sample) && matches(node.right, sample);
    case Op::any_of:
      return matches(node.left, sample) || matches(node.right, sample);
    case Op::none_of:
      return !matches(node.left, sample);
    case Op::uid:
      return has(sample.uids, node.text);
    case Op::client:
      return has(sample.clients, node.client);
    case Op::group:
      return has(sample.groups, node.text);
    case Op::gateway:
      return sample.gateway == node.text;
    case Op::worker:
      return sample.worker == node.text;
    case Op::kind:
      return sample.kind == node.text || sample.what == node.text;
    case Op::up:
      return sample.up;
    case Op::down:
      return !sample.up;
    case Op::above:
      return sample.size > node.number;
    case Op::below:
      return sample.size < node.number;
    case Op::exactly:
      return sample.size == node.number;
  }
  return false;
}

std::string TapRequest::topic() const { return "t" + std::to_string(body) + ":" + filter + "\n"; }

Result<TapRequest> TapRequest::parse(std::string_view topic) {
  TapRequest request;
  const Error no{"no tap's topic"};
  if (topic.size() < 4 || topic.front() != 't' || topic.back() != '\n') return no;
  const char* end = topic.data() + topic.size();
  const auto [colon, failure] = std::from_chars(topic.data() + 1, end, request.body);
  if (failure != std::errc{} || *colon != ':' || request.body > most_body) return no;
  request.filter.assign(colon + 1, end - 1);
  // One request has one spelling, or the topic of its frames would be another one than was subscribed to.
  if (request.topic() != topic) return no;
  return request;
}

}  // namespace fairlead::schemas
