// A whole worker: it says back what clients say. Start it beside a broker, with --help for its settings.
#include <fairlead/worker.hpp>

struct Echo : fairlead::Handler {
  void on_message(fairlead::Context& ctx, std::string_view message) override { ctx.reply(message); }
};

int main(int argc, char** argv) { return fairlead::run_worker<Echo>(argc, argv); }
