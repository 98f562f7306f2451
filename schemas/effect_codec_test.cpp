#include <gtest/gtest.h>

#include "schemas/codec.hpp"
#include "schemas/samples.hpp"

namespace fairlead::schemas {

TEST(EffectCodec, effects_stand_alone_as_in_the_journal) {
  for (const auto& sample : samples()) {
    const auto* outcome = std::get_if<Outcome>(&sample.value);
    if (outcome == nullptr) continue;
    std::string bytes;
    append_effects(bytes, outcome->effects);
    Cursor all(bytes);
    EXPECT_EQ(decode_effects(all), outcome->effects);
    EXPECT_TRUE(all.ok() && all.at_end());
    for (const auto& effect : outcome->effects) {
      std::string one;
      append(one, effect);
      Cursor cursor(one);
      EXPECT_EQ(decode_effect(cursor), effect);
      EXPECT_TRUE(cursor.ok() && cursor.at_end());
    }
  }
}

TEST(EffectCodec, an_effect_it_does_not_know_spoils_the_outcome) {
  std::string bytes("\x97\x23\x01\x01\x01\x00\x91\x92\x08\xc0\xa0", 11);
  Cursor cursor(bytes);
  decode_from_worker(cursor);
  EXPECT_FALSE(cursor.ok());
}

TEST(EffectCodec, the_size_of_an_effect_is_guessed_well_enough_to_bound_an_outcome) {
  for (const auto& sample : samples()) {
    const auto* outcome = std::get_if<Outcome>(&sample.value);
    if (outcome == nullptr) continue;
    for (const auto& effect : outcome->effects) {
      std::string bytes;
      append(bytes, effect);
      EXPECT_GE(approximate_bytes(effect), bytes.size());
      EXPECT_LE(approximate_bytes(effect), bytes.size() + 256);
    }
  }
}

}  // namespace fairlead::schemas
