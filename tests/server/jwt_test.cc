// JWTs: which are believed, and that nothing else is.
#include "server/jwt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/digest.h"
#include "server/access.h"
#include "tests/support/jwt_signer.h"

namespace slowwave {
namespace {

using testing::HasSubstr;

constexpr char kRs256[] = R"({"alg":"RS256","typ":"JWT"})";
constexpr char kEs256[] = R"({"alg":"ES256"})";
constexpr int64_t kNow = 1'700'000'000;

// Making one takes a while.
const SigningKey& Rsa() {
  static const auto* const key = new SigningKey(SigningKey::Rsa());
  return *key;
}
const SigningKey& Ec() {
  static const auto* const key = new SigningKey(SigningKey::Ec("P-256"));
  return *key;
}

// The members of a good token, with some replaced; an empty value leaves one out.
std::string Claims(const std::map<std::string, std::string>& replaced = {}) {
  std::map<std::string, std::string> members = {
      {"iss", R"("https://issuer.example")"}, {"aud", R"("slowwave")"}, {"sub", R"("chat")"},
      {"exp", absl::StrCat(kNow + 60)},       {"tenant", R"("acme")"},  {"roles", R"(["read","write"])"}};
  for (const auto& [name, value] : replaced) members[name] = value;
  std::string json;
  for (const auto& [name, value] : members) {
    if (!value.empty()) absl::StrAppend(&json, json.empty() ? "" : ",", "\"", name, "\":", value);
  }
  return absl::StrCat("{", json, "}");
}

class JwtTest : public testing::Test {
 protected:
  JwtTest()
      : path_(testing::TempDir() + "keys-" + testing::UnitTest::GetInstance()->current_test_info()->name()) {}
  ~JwtTest() override { std::filesystem::remove(path_); }

  void Write(const std::string& content) {
    std::ofstream(path_ + ".new") << content;
    std::filesystem::rename(path_ + ".new", path_);
  }
  JwtOptions Options() const {
    JwtOptions options;
    options.keys_file = path_;
    options.issuer = "https://issuer.example";
    options.audience = "slowwave";
    options.leeway = absl::Seconds(10);
    return options;
  }
  std::unique_ptr<JwtVerifier> Open(JwtOptions options) {
    absl::StatusOr<std::unique_ptr<JwtVerifier>> opened =
        JwtVerifier::Open(std::move(options), [this] { return absl::FromUnixSeconds(now_); });
    EXPECT_TRUE(opened.ok()) << opened.status();
    return opened.ok() ? *std::move(opened) : nullptr;
  }
  std::unique_ptr<JwtVerifier> Open(const std::string& keys) {
    Write(keys);
    return Open(Options());
  }
  static std::string Refusal(JwtVerifier& verifier, const std::string& token) {
    const absl::StatusOr<CallerPtr> caller = verifier.Verify(token);
    EXPECT_EQ(caller.status().code(), absl::StatusCode::kUnauthenticated) << token;
    return std::string(caller.status().message());
  }

  const std::string path_;
  int64_t now_ = kNow;
};

TEST_F(JwtTest, ASignedTokenTellsWhoCalls) {
  const auto verifier = Open(Rsa().Pem());
  const absl::StatusOr<CallerPtr> caller = verifier->Verify(Rsa().Sign(Unsigned(kRs256, Claims())));
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ((*caller)->name, "jwt:chat");
  EXPECT_EQ((*caller)->tenant, "acme");
  EXPECT_EQ((*caller)->roles, static_cast<unsigned>(Role::kRead) | static_cast<unsigned>(Role::kWrite));
}

TEST_F(JwtTest, EachAlgorithmThatIsOfferedWorksWithPemAndJwks) {
  const struct {
    SigningKey key;
    const char* algorithm;
    const EVP_MD* digest;
  } cases[] = {{Rsa(), "RS256", EVP_sha256()},
               {Rsa(), "RS384", EVP_sha384()},
               {Rsa(), "RS512", EVP_sha512()},
               {Ec(), "ES256", EVP_sha256()},
               {SigningKey::Ec("P-384"), "ES384", EVP_sha384()},
               {SigningKey::Ec("P-521"), "ES512", EVP_sha512()}};
  for (const auto& [key, algorithm, digest] : cases) {
    SCOPED_TRACE(algorithm);
    const std::string token =
        key.Sign(Unsigned(absl::StrCat(R"({"alg":")", algorithm, R"("})"), Claims()), digest);
    EXPECT_TRUE(Open(key.Pem())->Verify(token).ok());
    const auto jwks = Open(absl::StrCat(R"({"keys":[)", key.Jwk("one"), "]}"));
    EXPECT_TRUE(jwks->Verify(token).ok());
    EXPECT_THAT(Refusal(*jwks, key.Sign(Unsigned(absl::StrCat(R"({"alg":")", algorithm, R"("})"), Claims()),
                                        EVP_sha224())),
                HasSubstr("not signed"));
  }
}

TEST_F(JwtTest, NoneAndHmacAndMistakenAlgorithmsAreRefused) {
  const auto verifier = Open(Rsa().Pem() + Ec().Pem());
  for (const char* alg : {"none", "None", "NONE", "", "RS257", "rs256", "ES256K", "EdDSA", "PS256"}) {
    const std::string content = Unsigned(absl::StrCat(R"({"alg":")", alg, R"("})"), Claims());
    SCOPED_TRACE(alg);
    Refusal(*verifier, content + ".");
    Refusal(*verifier, content);
    Refusal(*verifier, content + ".AAAA");
    Refusal(*verifier, Rsa().Sign(content));
  }
  for (const char* alg : {"HS256", "HS384", "HS512"}) {
    const std::string content = Unsigned(absl::StrCat(R"({"alg":")", alg, R"("})"), Claims());
    for (const std::string& secret : {Rsa().Pem(), Ec().Pem(), std::string()}) {
      EXPECT_THAT(Refusal(*verifier, SignedWithSecret(content, secret)), HasSubstr("not signed"));
    }
  }
  // Each key is for its own algorithms.
  EXPECT_THAT(Refusal(*verifier, Ec().Sign(Unsigned(kRs256, Claims()))), HasSubstr("not signed"));
  EXPECT_THAT(Refusal(*verifier, Rsa().Sign(Unsigned(kEs256, Claims()))), HasSubstr("not signed"));
  Refusal(*verifier, Rsa().Sign(Unsigned(R"({"alg":["RS256"]})", Claims())));
  Refusal(*verifier, Rsa().Sign(Unsigned(R"({})", Claims())));
  // What a key is announced for is all it is for.
  const auto narrow = Open(absl::StrCat(R"({"keys":[)", Rsa().Jwk("one", R"(,"alg":"RS512")"), "]}"));
  EXPECT_THAT(Refusal(*narrow, Rsa().Sign(Unsigned(kRs256, Claims()))), HasSubstr("not signed"));
}

TEST_F(JwtTest, AStrangersKeyIsRefusedEvenIfTheTokenBringsIt) {
  const auto verifier = Open(absl::StrCat(R"({"keys":[)", Rsa().Jwk("one"), "]}"));
  const SigningKey stranger = SigningKey::Rsa();
  for (
      const std::string& header :
      {std::string(kRs256), std::string(R"({"alg":"RS256","kid":"one"})"),
       absl::StrCat(R"({"alg":"RS256","jwk":)", stranger.Jwk("one"), "}"),
       std::string(
           R"({"alg":"RS256","kid":"one","jku":"https://stranger.example/keys","x5u":"file:///etc/passwd"})")}) {
    EXPECT_THAT(Refusal(*verifier, stranger.Sign(Unsigned(header, Claims()))), HasSubstr("not signed"));
  }
  // One bit of the payload, and nothing is signed.
  const std::string good = Rsa().Sign(Unsigned(kRs256, Claims()));
  const std::vector<std::string> parts = absl::StrSplit(good, '.');
  const std::string other = Base64Url(Claims({{"tenant", R"("other")"}}));
  EXPECT_THAT(Refusal(*verifier, absl::StrCat(parts[0], ".", other, ".", parts[2])), HasSubstr("not signed"));
}

TEST_F(JwtTest, TheKeyIsTheOneThatTheTokenNames) {
  const SigningKey other = SigningKey::Rsa();
  const auto verifier =
      Open(absl::StrCat(R"({"keys":[)", Rsa().Jwk("one"), ",", other.Jwk("two"), ",", Ec().Jwk(""), "]}"));
  const auto with = [](const std::string& kid, const char* alg = "RS256") {
    return Unsigned(absl::StrCat(R"({"alg":")", alg, R"(","kid":")", kid, R"("})"), Claims());
  };
  EXPECT_TRUE(verifier->Verify(Rsa().Sign(with("one"))).ok());
  EXPECT_TRUE(verifier->Verify(other.Sign(with("two"))).ok());
  EXPECT_THAT(Refusal(*verifier, other.Sign(with("one"))), HasSubstr("not signed"));
  EXPECT_THAT(Refusal(*verifier, Rsa().Sign(with("three"))), HasSubstr("not signed"));
  EXPECT_TRUE(verifier->Verify(Rsa().Sign(Unsigned(kRs256, Claims()))).ok())
      << "without a name, whichever fits";
  EXPECT_TRUE(verifier->Verify(Ec().Sign(with("three", "ES256"))).ok())
      << "a key without a name may be meant";
  Refusal(*verifier, Rsa().Sign(Unsigned(R"({"alg":"RS256","kid":1})", Claims())));
  Refusal(*verifier, Rsa().Sign(Unsigned(R"({"alg":"RS256","kid":"../../etc/passwd"})", Claims())));
}

TEST_F(JwtTest, TimesAreKept) {
  const auto verifier = Open(Ec().Pem());
  const auto token = [](const std::map<std::string, std::string>& claims) {
    return Ec().Sign(Unsigned(kEs256, Claims(claims)));
  };
  const std::string good = token({{"nbf", absl::StrCat(kNow)}});
  EXPECT_TRUE(verifier->Verify(good).ok());
  now_ = kNow + 69;  // the leeway
  EXPECT_TRUE(verifier->Verify(good).ok());
  now_ = kNow + 70;
  EXPECT_THAT(Refusal(*verifier, good), HasSubstr("has expired"));
  now_ = kNow - 10;
  EXPECT_TRUE(verifier->Verify(good).ok());
  now_ = kNow - 11;
  EXPECT_THAT(Refusal(*verifier, good), HasSubstr("not valid yet"));
  now_ = kNow;
  EXPECT_THAT(Refusal(*verifier, token({{"exp", ""}})), HasSubstr("has no exp"));
  for (const char* bad : {"\"9999999999\"", "null", "1e300", "[9999999999]", "true", "-1e13"}) {
    EXPECT_THAT(Refusal(*verifier, token({{"exp", bad}})), HasSubstr("is no time")) << bad;
    EXPECT_THAT(Refusal(*verifier, token({{"nbf", bad}})), HasSubstr("is no time")) << bad;
  }
  EXPECT_TRUE(verifier->Verify(token({{"exp", absl::StrCat(kNow + 1, ".5")}})).ok());
}

TEST_F(JwtTest, ItIsOfTheIssuerAndForUs) {
  const auto verifier = Open(Ec().Pem());
  const auto token = [](const std::map<std::string, std::string>& claims) {
    return Ec().Sign(Unsigned(kEs256, Claims(claims)));
  };
  for (const char* bad :
       {"", "\"https://issuer.example/\"", "\"\"", "null", R"(["https://issuer.example"])"}) {
    EXPECT_THAT(Refusal(*verifier, token({{"iss", bad}})), HasSubstr("another issuer")) << bad;
  }
  for (const char* bad : {"", "\"slowwave2\"", "\"\"", "null", "[]", R"(["other"])", R"({"slowwave":1})",
                          R"([["slowwave"]])"}) {
    EXPECT_THAT(Refusal(*verifier, token({{"aud", bad}})), HasSubstr("another audience")) << bad;
  }
  EXPECT_TRUE(verifier->Verify(token({{"aud", R"(["other","slowwave"])"}})).ok());
}

TEST_F(JwtTest, ClaimsThatAreMissingOrMeanTooMuchAreRefused) {
  const auto verifier = Open(Ec().Pem());
  const auto token = [](const std::map<std::string, std::string>& claims) {
    return Ec().Sign(Unsigned(kEs256, Claims(claims)));
  };
  const std::string long_name = absl::StrCat("\"", std::string(200, 'a'), "\"");
  for (const std::string& bad : {std::string(), std::string("\"\""), std::string("7"), std::string("null"),
                                 std::string(R"(["acme"])"), std::string("\"*\""), long_name}) {
    EXPECT_THAT(Refusal(*verifier, token({{"tenant", bad}})), HasSubstr("tenant")) << bad;
  }
  for (const char* bad : {"", "7", "null", "[1]", R"({"read":true})"}) {
    EXPECT_THAT(Refusal(*verifier, token({{"roles", bad}})), HasSubstr("roles")) << bad;
  }
  EXPECT_THAT(Refusal(*verifier, token({{"sub", ""}})), HasSubstr("sub"));
}

TEST_F(JwtTest, RolesThatAreNotOursAreNobodys) {
  const auto verifier = Open(Ec().Pem());
  const std::map<std::string, unsigned> cases = {{R"(["read","admin","READ","erase "])", 1},
                                                 {R"("openid write  erase")", 2 | 8},
                                                 {"[]", 0},
                                                 {"\"\"", 0},
                                                 {R"(["operate","operate"])", 4},
                                                 {R"(["*","all"])", 0}};
  for (const auto& [claim, roles] : cases) {
    const auto caller = verifier->Verify(Ec().Sign(Unsigned(kEs256, Claims({{"roles", claim}}))));
    ASSERT_TRUE(caller.ok()) << caller.status();
    EXPECT_EQ((*caller)->roles, roles) << claim;
    if (roles == 0) {
      EXPECT_EQ(CheckRole(*caller, Role::kRead).code(), absl::StatusCode::kPermissionDenied);
    }
  }
}

TEST_F(JwtTest, ClaimsMayHaveOtherNamesAndLieDeeper) {
  Write(Ec().Pem());
  JwtOptions options = Options();
  options.tenant_claim = "https://slowwave.example/tenant";
  options.roles_claim = "/realm_access/roles";
  const auto verifier = Open(options);
  const auto caller =
      verifier->Verify(Ec().Sign(Unsigned(kEs256, Claims({{"https://slowwave.example/tenant", "\"blue\""},
                                                          {"realm_access", R"({"roles":["erase"]})"}}))));
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ((*caller)->tenant, "blue");
  EXPECT_EQ((*caller)->roles, 8u);
  for (const char* other : {"7", "[]", "null", R"({"role":[]})"}) {
    Refusal(*verifier, Ec().Sign(Unsigned(kEs256, Claims({{"https://slowwave.example/tenant", "\"blue\""},
                                                          {"realm_access", other}}))));
  }
  options.roles_claim = "/a~2";
  EXPECT_EQ(JwtVerifier::Open(options).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(JwtTest, GarbageIsRefused) {
  const auto verifier = Open(Ec().Pem());
  const std::string good = Ec().Sign(Unsigned(kEs256, Claims()));
  ASSERT_TRUE(verifier->Verify(good).ok());
  const std::string tail = good.substr(good.find('.'));
  const std::string deep = std::string(1000, '[') + std::string(1000, ']');
  for (const std::string& bad :
       {std::string(), std::string(".."), std::string("..."), std::string("a.b.c"), good + ".", good + "=",
        " " + good, good + "\n", absl::StrReplaceAll(good, {{".", ".."}}), good.substr(1),
        std::string(3000, '.'), std::string(6000, 'A') + "." + std::string(6000, 'A') + ".AAAA",
        std::string("\xff.\xff.\xff"), Base64Url("null") + tail, Base64Url("[]") + tail,
        Base64Url("{") + tail, Base64Url(deep) + tail, std::string("eyJhbGciOiJFUzI1NiJ9\0", 21) + tail}) {
    Refusal(*verifier, bad);
  }
  for (const std::string& payload :
       {std::string("null"), std::string("[]"), std::string("\"text\""), std::string("{"),
        std::string("\xff"), std::string("{\"sub\":\"a\\u0000b\"}")}) {
    Refusal(*verifier, Ec().Sign(Unsigned(kEs256, payload)));
  }
  Refusal(*verifier, Ec().Sign(Unsigned(R"({"alg":"ES256","crit":["b64"],"b64":false})", Claims())));
  Refusal(*verifier, Ec().Sign(Unsigned(R"({"alg":"ES256","typ":"JWE"})", Claims())));
  // Who reads the first and who reads the last would not agree.
  EXPECT_THAT(Refusal(*verifier, Ec().Sign(Unsigned(R"({"alg":"none","alg":"ES256"})", Claims()))),
              HasSubstr("duplicate"));
  std::string twice = Claims();
  twice.insert(1, R"("tenant":"other",)");
  EXPECT_THAT(Refusal(*verifier, Ec().Sign(Unsigned(kEs256, twice))), HasSubstr("duplicate"));
}

TEST_F(JwtTest, AFileOfKeysThatChangesIsReadAgainAndABrokenOneChangesNothing) {
  const auto verifier = Open(Rsa().Pem());
  const std::string by_rsa = Rsa().Sign(Unsigned(kRs256, Claims())),
                    by_ec = Ec().Sign(Unsigned(kEs256, Claims()));
  EXPECT_TRUE(verifier->Verify(by_rsa).ok());
  Refusal(*verifier, by_ec);
  Write(absl::StrCat(R"({"keys":[)", Ec().Jwk("new"), "]}"));
  EXPECT_TRUE(verifier->Verify(by_ec).ok());
  Refusal(*verifier, by_rsa);
  Write("{");
  EXPECT_TRUE(verifier->Verify(by_ec).ok());
  std::filesystem::remove(path_);
  EXPECT_TRUE(verifier->Verify(by_ec).ok());
}

TEST(JwtKeysTest, WhatIsNoPublicKeyIsNamed) {
  const auto jwks = [](const std::string& keys) { return absl::StrCat(R"({"keys":[)", keys, "]}"); };
  std::string many;
  for (size_t i = 0; i <= kMaxJwtKeys; ++i) absl::StrAppend(&many, Ec().Pem());
  const std::vector<std::pair<std::string, const char*>> cases = {
      {"", "neither public keys"},
      {"text", "neither public keys"},
      {Ec().Pem() + "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "neither public keys"},
      {Rsa().PrivatePem(), "private key"},
      {Ec().Pem() + Ec().PrivatePem(), "private key"},
      {SigningKey::Rsa(1024).Pem(), "1024 bits"},
      {SigningKey::Ec("secp256k1").Pem(), "P-256"},
      {SigningKey::Ed25519().Pem(), "neither RSA"},
      {many, "17 keys"},
      {std::string(2 << 20, 'x'), "1 MiB"},
      {"{", "is no JWKS"},
      {"{}", "no list of keys"},
      {R"({"keys":{}})", "no list of keys"},
      {jwks(""), "no key for"},
      {jwks("1"), "keys[0]: is not an object"},
      {jwks("{}"), "kty: is missing"},
      {jwks(R"({"kty":"oct","k":"c2VjcmV0"})"), "symmetric"},
      {jwks(Rsa().Jwk("a", R"(,"d":"AQAB")")), "private key"},
      {jwks(Rsa().Jwk("a") + "," + Ec().Jwk("a")), "keys[1]: kid: is another key's"},
      {jwks(SigningKey::Rsa(1024).Jwk("a")), "1024 bits"},
      {jwks(R"({"kty":"RSA","n":"AQAB","e":"AQ"})"), "is no valid key"},
      {jwks(R"({"kty":"EC","crv":"P-256","x":"AQAB","y":"AQAB"})"), "is no valid key"},
      // On no curve.
      {jwks(absl::StrCat(R"({"kty":"EC","crv":"P-256","x":")", Base64Url(std::string(32, 'x')), R"(","y":")",
                         Base64Url(std::string(32, 'y')), R"("})")),
       "is no valid key"},
  };
  for (const auto& [text, says] : cases) {
    const auto keys = ParseJwtKeys(text);
    EXPECT_EQ(keys.status().code(), absl::StatusCode::kInvalidArgument) << text.substr(0, 100);
    EXPECT_THAT(std::string(keys.status().message()), HasSubstr(says));
  }
  // What others publish beside it is passed over.
  const auto some = ParseJwtKeys(
      jwks(absl::StrCat(R"({"kty":"OKP","crv":"Ed25519","x":"AQAB"},)", Rsa().Jwk("enc", R"(,"use":"enc")"),
                        ",", Rsa().Jwk("sig", R"(,"use":"sig")"))));
  ASSERT_TRUE(some.ok()) << some.status();
  ASSERT_EQ(some->size(), 1u);
  EXPECT_EQ(some->front().kid, "sig");
}

TEST_F(JwtTest, TokensOfOurOwnAreGoodBesideIt) {
  Write(Ec().Pem());
  const std::string tokens = path_ + "-tokens";
  std::ofstream(tokens) << "- {name: a, sha256: " << Sha256Hex("of.our.own")
                        << ", tenant: t, roles: [read]}\n";
  const auto access = Access::Open({.tokens_file = tokens, .jwt = Options()});
  ASSERT_TRUE(access.ok()) << access.status();
  EXPECT_EQ((*(*access)->Authenticate("Bearer of.our.own"))->name, "a");
  const std::string forever = Claims({{"exp", "9999999999"}});
  EXPECT_EQ((*(*access)->Authenticate("Bearer " + Ec().Sign(Unsigned(kEs256, forever))))->name, "jwt:chat");
  for (const std::string& bad :
       {std::string("other"), std::string("of.our.ow"), Rsa().Sign(Unsigned(kRs256, forever))}) {
    EXPECT_EQ((*access)->Authenticate("Bearer " + bad).status().code(), absl::StatusCode::kUnauthenticated);
  }
  std::filesystem::remove(tokens);
}

}  // namespace
}  // namespace slowwave
