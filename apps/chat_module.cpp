// The chat as a module: fairlead-worker --module chat.so
#include "fairlead/module.hpp"

#include "apps/chat.hpp"

FAIRLEAD_MODULE(fairlead::apps::Chat);
