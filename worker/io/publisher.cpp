// The shell behind "fairlead/publisher.hpp": a station that takes no units, and a thread for it.
#include "fairlead/publisher.hpp"

#include <future>
#include <stdexcept>
#include <thread>
#include <utility>

#include "bus/endpoints.hpp"
#include "bus/io/entropy.hpp"
#include "bus/io/keys.hpp"
#include "worker/bus_calls.hpp"
#include "worker/io/program.hpp"
#include "worker/io/station.hpp"

namespace fairlead {
namespace {

struct Nobody final : Handler {
  void on_message(Context&, std::string_view) override {}
};

// What comes of a station's callback, for a thread that waits.
template <class T>
class Awaited {
 public:
  std::function<void(Result<T>)> callback() {
    return [promise = promise_](Result<T> result) { promise->set_value(std::move(result)); };
  }
  std::optional<Result<T>> get(std::chrono::milliseconds patience) {
    if (future_.wait_for(patience) != std::future_status::ready) return std::nullopt;
    return future_.get();
  }

 private:
  std::shared_ptr<std::promise<Result<T>>> promise_ = std::make_shared<std::promise<Result<T>>>();
  std::future<Result<T>> future_ = promise_->get_future();
};

class LineQueries final : public worker::Queries {
 public:
  LineQueries(worker::Station& station, std::chrono::milliseconds patience) : station_(station), patience_(patience) {}

  Result<schemas::Answer> ask(schemas::Query query) override {
    Awaited<schemas::Answer> awaited;
    station_.post_query(std::move(query), awaited.callback());
    if (auto answer = awaited.get(patience_)) return *answer;
    return Error{"the broker has not answered in time"};
  }
  void progress() override {}

 private:
  worker::Station& station_;
  std::chrono::milliseconds patience_;
};

BusAddress address_of(const std::string& broker) {
  auto address = BusAddress::for_connect(broker);
  if (!address) throw std::invalid_argument(address.error().message);
  return *address;
}

Keys keys_of(const Publisher::Options& options) {
  auto keys = io::load_keys(options.key, options.broker_key);
  if (!keys) throw std::invalid_argument(keys.error().message);
  return std::move(*keys);
}

std::shared_ptr<Store> store_of(const std::string& address) {
  auto store = open_store(address);
  if (!store) throw std::invalid_argument(store.error().message);
  return *store;
}

}  // namespace

struct Publisher::Line {
  explicit Line(Options given)
      : options(std::move(given)),
        broker(address_of(options.broker)),
        context(keys_of(options)),
        store(store_of(options.store)),
        station({.context = context, .store = *store, .broker = broker, .changed = changed},
                {.name = options.name.empty() ? worker::default_name() : options.name,
                 .app = "publisher",
                 .incarnation = {io::random_nonzero()},
                 .takes_units = false},
                Random(io::random_nonzero())),
        thread([this] {
          Nobody nobody;
          station.run(nobody);
        }) {}
  ~Line() {
    Awaited<Nothing> done;
    station.post_flush(done.callback());
    static_cast<void>(done.get(options.patience));
    station.drain();
  }

  Options options;
  BusAddress broker;
  io::Context context;
  std::shared_ptr<Store> store;
  io::Wakeup changed;
  worker::Station station;
  std::jthread thread;
};

Publisher::Publisher(Options options) : line_(std::make_unique<Line>(std::move(options))) {}
Publisher::~Publisher() = default;

Status Publisher::publish(const std::function<void(Bus&)>& say) {
  LineQueries queries(line_->station, line_->options.patience);
  worker::PublicationBus bus(queries, *line_->store);
  say(bus);
  auto effects = bus.take_effects();
  if (effects.empty()) return Nothing{};
  Awaited<Nothing> committed;
  line_->station.post_publication(std::move(effects), committed.callback());
  if (auto result = committed.get(line_->options.patience)) return *result;
  return Error{"not confirmed: no broker has committed it within " + std::to_string(line_->options.patience.count()) +
               " ms; it goes on trying"};
}

}  // namespace fairlead
