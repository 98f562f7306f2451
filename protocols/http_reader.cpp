#include "protocols/http_reader.hpp"

#include <algorithm>
#include <utility>

#include <http_parser.h>

namespace fairlead::protocols {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace

std::string_view HttpHead::header(std::string_view lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? std::string_view{} : found->second;
}

bool HttpHead::has_token(std::string_view lower_case_name, std::string_view lower_case_token) const {
  for (std::string_view rest = header(lower_case_name); !rest.empty();) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    if (std::ranges::equal(trimmed(rest.substr(0, comma)), lower_case_token, {}, lower)) return true;
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return false;
}

// The parser calls back with pieces: a header's name and value may each come in several.
struct HttpReader::State {
  explicit State(const HttpLimits& given) : limits(given) {}

  int stop(int status, std::string why) {
    fault = HttpFault{status, std::move(why)};
    return 1;  // makes the parser stop
  }

  int on_name(std::string_view piece) {
    if (in_value) store();
    if (name.empty() && ++header_count > limits.max_headers) return stop(431, "too many headers");
    std::ranges::transform(piece, std::back_inserter(name), lower);
    return 0;
  }

  int on_value(std::string_view piece) {
    in_value = true;
    value += piece;
    return 0;
  }

  int on_end() {
    if (in_value) store();
    complete = true;
    head.method = http_method_str(static_cast<http_method>(parser.method));
    head.status = static_cast<int>(parser.status_code);
    head.http_1_1 = parser.http_major == 1 && parser.http_minor >= 1;
    return 2;  // no body is ours to read: stop right behind the head
  }

  void store() {
    std::string& held = head.headers[name];
    if (!held.empty()) held += name == "cookie" ? "; " : ", ";
    held += trimmed(value);
    name.clear();
    value.clear();
    in_value = false;
  }

  HttpLimits limits;
  http_parser parser{};
  HttpHead head;
  std::optional<HttpFault> fault;
  std::string name;
  std::string value;
  std::size_t header_count = 0;
  std::size_t seen = 0;
  bool in_value = false;
  bool complete = false;

  static State& of(http_parser* parser) { return *static_cast<State*>(parser->data); }
  static const http_parser_settings& settings();
};

const http_parser_settings& HttpReader::State::settings() {
  static const http_parser_settings table = [] {
    http_parser_settings made;
    http_parser_settings_init(&made);
    made.on_url = [](http_parser* p, const char* at, std::size_t n) {
      State& state = of(p);
      state.head.target.append(at, n);
      return state.head.target.size() > state.limits.max_target ? state.stop(414, "the request's target is too long")
                                                                : 0;
    };
    made.on_status = [](http_parser* p, const char* at, std::size_t n) {
      of(p).head.reason.append(at, n);
      return 0;
    };
    made.on_header_field = [](http_parser* p, const char* at, std::size_t n) { return of(p).on_name({at, n}); };
    made.on_header_value = [](http_parser* p, const char* at, std::size_t n) { return of(p).on_value({at, n}); };
    made.on_headers_complete = [](http_parser* p) { return of(p).on_end(); };
    return made;
  }();
  return table;
}

HttpReader::HttpReader(Side side, const HttpLimits& limits) : state_(std::make_unique<State>(limits)) {
  http_parser_init(&state_->parser, side == Side::request ? HTTP_REQUEST : HTTP_RESPONSE);
  state_->parser.data = state_.get();
}

HttpReader::~HttpReader() = default;

std::size_t HttpReader::feed(std::string_view bytes) {
  State& state = *state_;
  const std::size_t room = std::min(bytes.size(), state.limits.max_head - state.seen);
  const std::size_t used = http_parser_execute(&state.parser, &State::settings(), bytes.data(), room);
  state.seen += used;
  if (state.complete || state.fault) return used;
  if (HTTP_PARSER_ERRNO(&state.parser) != HPE_OK) {
    state.stop(400, std::string("not HTTP: ") + http_errno_description(HTTP_PARSER_ERRNO(&state.parser)));
  } else if (state.seen == state.limits.max_head) {
    state.stop(431, "the head is longer than " + std::to_string(state.limits.max_head) + " bytes");
  }
  return used;
}

bool HttpReader::is_complete() const { return state_->complete; }
const std::optional<HttpFault>& HttpReader::fault() const { return state_->fault; }
HttpHead& HttpReader::head() { return state_->head; }
std::size_t HttpReader::seen() const { return state_->seen; }

}  // namespace fairlead::protocols
