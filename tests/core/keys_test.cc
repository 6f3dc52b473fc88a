#include "core/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slowwave {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Slot SlotOf(const std::string& pattern, std::vector<std::string> aliases = {}) {
  Slot slot;
  slot.pattern = pattern;
  slot.category = Category::kLocation;
  slot.many = false;
  slot.aliases = std::move(aliases);
  return slot;
}

Registry RegistryOf(std::vector<Slot> slots) { return Registry(SlotRegistry{1, std::move(slots)}); }

struct KeyCase {
  const char* name;
  const char* subject;
  const char* predicate;
  const char* key;
  GistType type;
  const char* speaker;
  const char* want;
};
class KeyOfTest : public testing::TestWithParam<KeyCase> {};
TEST_P(KeyOfTest, Makes) {
  Gist gist;
  gist.text = "some text";
  gist.subject = GetParam().subject;
  gist.predicate = GetParam().predicate;
  gist.key = GetParam().key;
  gist.type = GetParam().type;
  EXPECT_EQ(KeyOf(gist, GetParam().speaker), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    Table, KeyOfTest,
    testing::ValuesIn<KeyCase>({
        {"GivenKey", "", "", "anna:location:current_city", GistType::kFact, "Bo",
         "anna:location:current_city"},
        {"GivenKeyOfTheUserIsTheSpeakers", "", "", "user:preference:diet", GistType::kFact, "Bo",
         "bo:preference:diet"},
        {"NobodyKnownIsUser", "", "", "user:preference:diet", GistType::kFact, "", "user:preference:diet"},
        {"SlugsTheGivenKey", "", "", "Anna B:Location:Home Town", GistType::kFact, "",
         "anna_b:location:home_town"},
        {"FromParts", "Anna", "Favourite food", "", GistType::kPreference, "Bo",
         "anna:preference:favourite_food"},
        {"FirstPerson", "I", "mood", "", GistType::kState, "Bo", "bo:state:mood"},
        {"BrokenKeyFallsBackToParts", "Anna", "x", "a:b", GistType::kGoal, "Bo", "anna:goal:x"},
    }),
    [](const auto& each) { return each.param.name; });

TEST(KeysTest, GistsWithoutPredicateNeverShareAKey) {
  Gist one, two;
  one.text = "likes tea";
  two.text = "likes coffee";
  EXPECT_NE(KeyOf(one, "Bo"), KeyOf(two, "Bo"));
  EXPECT_TRUE(ParseKey(KeyOf(one, "Bo")).ok());
}

TEST(KeysTest, KeysHaveThreeSlugs) {
  EXPECT_EQ(ParseKey("a:b:c")->predicate, "c");
  for (const char* bad : {"", "a", "a:b", "a:b:", "a:b:c:d", "A:b:c", "a b:c:d", "*:a:b"}) {
    EXPECT_EQ(ParseKey(bad).status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

TEST(RegistryTest, ExactSlotThenLongestPatternThenTheKeyItself) {
  const Registry registry = RegistryOf({SlotOf("anna:preference:tea")});
  EXPECT_FALSE(registry.Resolve("anna:preference:tea").many);
  EXPECT_FALSE(registry.Resolve("anna:preference:diet").many);
  EXPECT_TRUE(registry.Resolve("anna:preference:wine").many);
  const ResolvedSlot unknown = registry.Resolve("anna:zoo:lion");
  EXPECT_FALSE(unknown.known);
  EXPECT_TRUE(unknown.many);
  EXPECT_EQ(unknown.name, "anna:zoo:lion");
  EXPECT_EQ(unknown.category, Category::kCustom);
}

TEST(RegistryTest, DifferentPredicatesNeverShareAKey) {
  const Registry registry = RegistryOf({});
  EXPECT_NE(registry.Resolve("a:preference:tea").name, registry.Resolve("a:preference:wine").name);
}

TEST(RegistryTest, AliasesKeepTheSubject) {
  const Registry registry =
      RegistryOf({SlotOf("*:location:current_city", {"*:location:town", "*:attribute:home"})});
  EXPECT_EQ(registry.Resolve("anna:attribute:home").name, "anna:location:current_city");
  EXPECT_FALSE(registry.Resolve("anna:attribute:home").many);
  EXPECT_THAT(registry.RawKeysOf("anna:location:current_city"),
              ElementsAre("anna:attribute:home", "anna:location:current_city", "anna:location:town"));
}

TEST(RegistryTest, AnOwnSlotReplacesTheBuiltinOne) {
  Slot many = SlotOf("*:location:current_city");
  many.many = true;
  EXPECT_TRUE(RegistryOf({many}).Resolve("a:location:current_city").many);
  EXPECT_FALSE(RegistryOf({}).Resolve("a:location:current_city").many);
}

TEST(RegistryTest, OnlyWhatChangesFactsChangesTheStamp) {
  Slot slot = SlotOf("*:location:current_city");
  const std::string stamp = RegistryOf({slot}).stamp();
  slot.description = "another";
  EXPECT_EQ(RegistryOf({slot}).stamp(), stamp);
  slot.aliases = {"*:location:town"};
  EXPECT_NE(RegistryOf({slot}).stamp(), stamp);
}

TEST(CheckSlotTest, NamesTheField) {
  const Registry registry = RegistryOf({SlotOf("*:location:current_city", {"*:location:town"})});
  const auto message = [&](const Slot& slot) { return std::string(CheckSlot(slot, registry).message()); };
  EXPECT_TRUE(CheckSlot(SlotOf("*:location:home", {"*:location:house"}), registry).ok());
  EXPECT_THAT(message(SlotOf("location")), HasSubstr("slot.pattern"));
  EXPECT_THAT(message(SlotOf("*:location:home", {"*:location:town"})), HasSubstr("slot.aliases[0]"));
  EXPECT_THAT(message(SlotOf("*:location:home", {"bad"})), HasSubstr("slot.aliases[0]"));
  EXPECT_THAT(message(SlotOf("*:location:*", {"*:location:house"})), HasSubstr("cannot have aliases"));
  EXPECT_THAT(message(SlotOf("*:location:town", {"*:location:village"})), HasSubstr("do not chain"));
  EXPECT_THAT(message(SlotOf("*:location:home", {"*:location:current_city"})), HasSubstr("do not chain"));
  Slot untyped = SlotOf("*:location:home");
  untyped.value_type = ValueType::kUnspecified;
  EXPECT_THAT(message(untyped), HasSubstr("slot.value_type"));
}

TEST(NamesTest, RoundTrip) {
  for (int i = 1; i < kEpisodeTypeCount; ++i) {
    EXPECT_EQ(EpisodeTypeFrom(Name(static_cast<EpisodeType>(i))), static_cast<EpisodeType>(i));
  }
  for (int i = 1; i < kCategoryCount; ++i) {
    EXPECT_EQ(CategoryFrom(Name(static_cast<Category>(i))), static_cast<Category>(i));
  }
  EXPECT_EQ(OriginFrom("nobody"), Origin::kUnspecified);
  EXPECT_EQ(GistTypeFrom("unspecified"), GistType::kUnspecified);
}

}  // namespace
}  // namespace slowwave
