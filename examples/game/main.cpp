// fairlead-game: a worker of the game room. README.md beside it says how to run one.
#include "examples/game/game.hpp"

int main(int argc, char** argv) { return fairlead::run_worker<game::Game>(argc, argv); }
