#include "server/app.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/engine.h"
#include "core/llm_extractor.h"
#include "server/access.h"
#include "server/connection_listener.h"
#include "server/consolidation_service.h"
#include "server/heap_trimmer.h"
#include "server/http_embedder.h"
#include "server/http_endpoint.h"
#include "server/http_llm_client.h"
#include "server/llm_options.h"
#include "server/memory_service.h"
#include "server/periodic.h"
#include "server/rpc_metrics.h"
#include "server/store_metrics.h"
#include "server/store_watch.h"
#include "server/stream_budget.h"
#include "server/stream_timers.h"
#include "server/tenant_rates.h"
#include "server/transport_security.h"
#include "storage/deadline.h"
#include "storage/operator_detail.h"
#include "storage/postgres/postgres_store.h"
#include "storage/sqlite/sqlite_store.h"

namespace slowwave {
namespace {

constexpr int kMaxRequestBytes = 4 << 20;
constexpr int kMaxMetadataBytes = 16 << 10;  // of a call
constexpr size_t kMaxWaitingCalls = 4096;
constexpr size_t kMaxRatedTenants = 10'000;
constexpr size_t kMaxTransportBytes = 256 << 20;
constexpr size_t kMaxGatheredBytes = 64 << 20;  // what client streams have sent and is not stored yet
constexpr absl::Duration kLookAtHeap = absl::Seconds(2);
constexpr absl::Duration kLookAtStore = absl::Seconds(1);  // beside the deadline of a look, well within 5 s
// After everything else has ended, calls that are open may go on for this long at least and at most.
constexpr absl::Duration kCancelAfter = absl::Milliseconds(500), kLongestCall = absl::Seconds(5);

std::string MakeUuid() {
  thread_local boost::uuids::random_generator generator;
  return boost::uuids::to_string(generator());
}

EngineOptions EngineOptionsFrom(const Config& config) {
  EngineOptions options;
  options.owner = MakeUuid();
  options.workers = config.workers > 0 ? config.workers
                                       : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  options.max_open_runs = config.runs_max_open;
  options.max_open_bytes = int64_t{config.runs_max_open_mb} << 20;
  options.lease = absl::Seconds(config.lease_seconds);
  options.max_attempts = config.tasks_max_attempts;
  options.sole_owner = !NamesPostgres(config);
  options.episode_limit = config.sample_limit;
  options.chunk_budget = config.extract_chunk_memories;
  options.min_importance = config.sample_min_importance;
  options.min_confidence = config.sample_min_confidence;
  options.min_cluster_size = config.cluster_min_size;
  options.max_clusters = config.cluster_max;
  options.exchange_retention = absl::Hours(24) * config.llm_keep_replies_days;
  options.run_tokens = config.llm_budget_run_tokens;
  options.tenant_tokens_per_day = config.llm_budget_tenant_tokens_per_day;
  options.prompt_price = config.llm_price_prompt;
  options.completion_price = config.llm_price_completion;
  options.embedding_price = config.embedding_price;
  double threshold = 0;
  if (absl::SimpleAtod(config.cluster_threshold, &threshold)) options.similarity_threshold = threshold;
  return options;
}

std::unique_ptr<TenantRates> RatesFrom(const Config& config) {
  const double rate = config.rpc_tenant_calls_per_second;
  if (rate <= 0) return nullptr;
  const double burst = config.rpc_tenant_burst > 0 ? config.rpc_tenant_burst : rate;
  return std::make_unique<TenantRates>(rate, burst, kMaxRatedTenants, SystemSteadyClock());
}

absl::StatusOr<std::unique_ptr<Store>> OpenPostgresStore(const Config& config, StoreObserver& observer) {
  PostgresOptions postgres;
  postgres.observer = &observer;
  postgres.url = config.store_url;
  postgres.connections = config.store_connections;
  postgres.migrate = config.store_migrate == "auto";
  postgres.listen_url = config.store_listen_url;
  absl::StatusOr<std::unique_ptr<Store>> store = OpenPostgres(std::move(postgres));
  if (store.ok()) return store;
  return absl::Status(store.status().code(), absl::StrCat("store.url, ", RedactPostgresUrl(config.store_url),
                                                          ": ", MessageForOperator(store.status())));
}

absl::StatusOr<std::unique_ptr<Store>> OpenStore(const AppOptions& options, StoreObserver& observer) {
  if (NamesPostgres(options.config)) return OpenPostgresStore(options.config, observer);
  absl::StatusOr<std::string> path = StorePath(options.config, options.env);
  if (!path.ok()) return path.status();
  const std::filesystem::path folder = std::filesystem::path(*path).parent_path();
  if (!folder.empty() && *path != ":memory:") {
    std::error_code error;
    // What people said is nobody else's on this machine; a folder that is there stays as its owner has it.
    if (std::filesystem::create_directories(folder, error)) {
      std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
    }
    if (error) {
      return absl::UnavailableError(
          absl::StrCat("data_dir: cannot create ", folder.string(), ": ", error.message()));
    }
  }
  SqliteOptions sqlite;
  sqlite.path = *path;
  sqlite.now = options.now;
  sqlite.observer = &observer;
  return OpenSqlite(std::move(sqlite));
}

// Which build it is, for dashboards that mark changes of version.
void TellBuild(prometheus::Registry& registry) {
  prometheus::BuildGauge()
      .Name("slowwave_build_info")
      .Help("1; the label says which build this is.")
      .Register(registry)
      .Add({{"version", SLOWWAVE_VERSION}})
      .Set(1);
}

}  // namespace

// In order of lifetime: what stands below uses what stands above.
struct App::Impl {
  Impl(AppOptions options, std::unique_ptr<Access> access_to, std::unique_ptr<prometheus::Registry> registry,
       std::unique_ptr<StoreMetrics> of_store, std::unique_ptr<Store> opened,
       std::unique_ptr<HttpLlmClient> client, std::unique_ptr<HttpEmbedder> embeddings)
      : config(std::move(options.config)),
        access(std::move(access_to)),
        metrics(std::move(registry)),
        rpc_metrics(*metrics),
        store_metrics(std::move(of_store)),
        store(std::move(opened)),
        llm(std::move(client)),
        embedder(std::move(embeddings)),
        extractor(llm == nullptr ? nullptr
                                 : std::make_unique<LlmExtractor>(*llm, config.llm_max_reply_tokens)),
        engine(EngineOptionsFrom(config), *store, *metrics, extractor.get(), embedder.get()),
        env{*store, engine, options.now, MakeUuid},
        executor(config.rpc_threads, kMaxWaitingCalls),
        rates(RatesFrom(config)),
        timers(StreamLimits{.idle = absl::Seconds(config.rpc_stream_idle_seconds),
                            .total = absl::Seconds(config.rpc_stream_seconds)},
               SystemSteadyClock()),
        budget(kMaxGatheredBytes),
        room{executor, gate, access.get(), rates.get(), &timers, budget},
        consolidation(env, room),
        memory(env, room),
        watch([this] { return store->Ping(); }, kLookAtStore) {}

  const Config config;
  const std::unique_ptr<Access> access;  // null: anyone may call
  const std::unique_ptr<prometheus::Registry> metrics;
  RpcMetrics rpc_metrics;
  const std::unique_ptr<StoreMetrics> store_metrics;
  const std::unique_ptr<Store> store;
  const std::unique_ptr<HttpLlmClient> llm;      // null: the built-in extractor
  const std::unique_ptr<HttpEmbedder> embedder;  // null: the built-in embedder
  const std::unique_ptr<LlmExtractor> extractor;
  Engine engine;
  const ServiceEnv env;
  CallGate gate;
  Executor executor;
  const std::unique_ptr<TenantRates> rates;  // null: no limit
  StreamTimers timers;
  StreamBudget budget;
  const CallRoom room;
  ConsolidationService consolidation;
  MemoryService memory;
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor;
  std::unique_ptr<ConnectionListener> listener;
  std::atomic<bool> serving = false, draining = false;
  StoreWatch watch;
  Periodic trims;
  std::unique_ptr<HttpEndpoint> http;
  std::string listen, http_listen;
  bool stopped = false;

  absl::Status Listen();
  std::vector<ReadyCheck> Ready() const;
  // Of both services, and of the server as a whole.
  void TellHealth(bool fine);
};

std::vector<ReadyCheck> App::Impl::Ready() const {
  const absl::Status looked = watch.status();
  // As Ping has it; other ways to fail it, such as a password that is no longer right, are the store's.
  const bool lacks_migrations =
      absl::IsFailedPrecondition(looked) && absl::StrContains(looked.message(), "migrate up");
  std::vector<ReadyCheck> checks = {
      {"serving", serving || draining ? absl::OkStatus() : absl::UnavailableError("not yet")},
      {"draining",
       draining ? absl::UnavailableError("yes: it stops when its runs have ended") : absl::OkStatus()},
      {"store", lacks_migrations ? absl::OkStatus() : looked},
      {"migrations", lacks_migrations ? looked : absl::OkStatus()}};
  // Runs wait for an endpoint, but calls are answered without it.
  const absl::Status down =
      absl::UnavailableError("is not asked now, since it refuses us or is out; see the log");
  if (llm != nullptr) checks.push_back({"llm", llm->down() ? down : absl::OkStatus(), false});
  if (embedder != nullptr) checks.push_back({"embedding", embedder->down() ? down : absl::OkStatus(), false});
  return checks;
}

void App::Impl::TellHealth(bool fine) {
  grpc::HealthCheckServiceInterface* health = server->GetHealthCheckService();
  for (const char* name : {"", "slowwave.v1.ConsolidationService", "slowwave.v1.MemoryService"}) {
    health->SetServingStatus(name, fine);
  }
}

absl::Status App::Impl::Listen() {
  const absl::StatusOr<HostPort> address = ParseHostPort(config.listen);
  if (!address.ok()) return address.status();
  absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> credentials = ServerCredentialsFrom(config);
  if (!credentials.ok()) return credentials.status();
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  absl::StatusOr<std::unique_ptr<ConnectionListener>> opened =
      ConnectionListener::Open(*address, config.rpc_max_connections);
  if (!opened.ok()) return opened.status();
  listener = *std::move(opened);
  grpc::ServerBuilder builder;
  acceptor = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, *credentials);
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, config.rpc_max_streams);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 1000 * config.rpc_handshake_seconds);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, 1000 * config.rpc_max_connection_age_seconds);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, 1000 * config.rpc_stream_seconds);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.SetResourceQuota(grpc::ResourceQuota("slowwave").Resize(kMaxTransportBytes));
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(rpc_metrics.MakeFactory());
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
  builder.RegisterService(&consolidation);
  builder.RegisterService(&memory);
  server = builder.BuildAndStart();
  if (server == nullptr) return absl::UnavailableError("listen: gRPC does not start");
  timers.Run();
  listener->Run([this](int socket) {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.fd = socket;
    acceptor->HandleNewConnection(&connection);
  });
  listen = absl::StrCat(address->host, ":", listener->port());
  return absl::OkStatus();
}

App::App(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
App::~App() { Stop(); }

absl::StatusOr<std::unique_ptr<App>> App::Create(AppOptions options) {
  std::unique_ptr<Access> access;
  if (AsksWhoCalls(options.config)) {
    absl::StatusOr<std::unique_ptr<Access>> opened = Access::Open(AccessOptionsFrom(options.config));
    if (!opened.ok()) return opened.status();
    access = *std::move(opened);
  }
  auto registry = std::make_unique<prometheus::Registry>();
  TellBuild(*registry);
  auto store_metrics = std::make_unique<StoreMetrics>(
      *registry, NamesPostgres(options.config) ? options.config.store_connections : 0);
  std::unique_ptr<Store> store = std::move(options.store);
  if (store == nullptr) {
    absl::StatusOr<std::unique_ptr<Store>> opened = OpenStore(options, *store_metrics);
    if (!opened.ok()) return opened.status();
    store = *std::move(opened);
  }
  std::unique_ptr<HttpLlmClient> client;
  if (!options.config.llm_base_url.empty()) {
    absl::StatusOr<HttpLlmOptions> llm = LlmOptionsFrom(options.config);
    if (!llm.ok()) return llm.status();
    absl::StatusOr<std::unique_ptr<HttpLlmClient>> started = HttpLlmClient::Start(*std::move(llm), *registry);
    if (!started.ok()) return started.status();
    client = *std::move(started);
  }
  std::unique_ptr<HttpEmbedder> embedder;
  if (!options.config.embedding_base_url.empty()) {
    absl::StatusOr<HttpEmbedderOptions> embedding = EmbedderOptionsFrom(options.config);
    if (!embedding.ok()) return embedding.status();
    absl::StatusOr<std::unique_ptr<HttpEmbedder>> started =
        HttpEmbedder::Start(*std::move(embedding), *registry);
    if (!started.ok()) return started.status();
    embedder = *std::move(started);
  }
  return std::unique_ptr<App>(new App(std::make_unique<Impl>(
      std::move(options), std::move(access), std::move(registry), std::move(store_metrics), std::move(store),
      std::move(client), std::move(embedder))));
}

absl::Status App::Start() {
  Impl& app = *impl_;
  if (absl::Status s = app.engine.Start(); !s.ok()) return s;
  if (absl::Status s = app.Listen(); !s.ok()) return s;
  if (!app.config.http_listen.empty()) {
    const absl::StatusOr<HostPort> address = ParseHostPort(app.config.http_listen);
    if (!address.ok()) return address.status();
    absl::StatusOr<std::unique_ptr<HttpEndpoint>> http =
        HttpEndpoint::Start(*address, *app.metrics, [&app] { return app.Ready(); });
    if (!http.ok()) return http.status();
    app.http = *std::move(http);
    app.http_listen = app.http->address();
  }
  app.trims.Start(kLookAtHeap, TrimHeap);
  app.watch.Start([&app](bool fine) { app.TellHealth(fine); });
  app.serving = true;
  spdlog::info("serving on {}, http on {}", app.listen,
               app.http_listen.empty() ? "nothing" : app.http_listen);
  return absl::OkStatus();
}

void App::Stop() {
  Impl& app = *impl_;
  if (std::exchange(app.stopped, true)) return;
  const Deadline deadline = Deadline::After(absl::Seconds(app.config.shutdown_seconds));
  app.draining = true;
  if (app.server != nullptr) app.server->GetHealthCheckService()->Shutdown();
  // Whoever is still connected is served meanwhile, so that no client is refused for as long as a run takes
  // to end.
  app.engine.Stop(absl::Seconds(app.config.shutdown_seconds));
  app.watch.Stop();
  app.consolidation.Drain();
  app.timers.Drain();
  if (app.listener != nullptr) app.listener->Stop();
  app.gate.Close();
  const absl::Duration rest = std::clamp(deadline.left(), kCancelAfter, kLongestCall);
  if (!app.gate.WaitIdle(rest)) spdlog::warn("calls are still open and will be cancelled");
  // A client whose connection ends tries another daemon. gRPC's own Shutdown would tell calls that come while
  // it says so that they were cancelled, which is not tried again.
  if (app.listener != nullptr) app.listener->HangUp();
  if (app.server != nullptr) app.server->Shutdown(absl::ToChronoTime(absl::Now() + kCancelAfter));
  app.executor.Stop();
  app.http.reset();
  spdlog::info("stopped");
}

const std::string& App::listen() const { return impl_->listen; }
const std::string& App::http_listen() const { return impl_->http_listen; }
Store& App::store() { return *impl_->store; }

absl::Status App::WriteReadyFile(const std::string& path) const {
  const nlohmann::ordered_json ready = {{"listen", listen()}, {"http_listen", http_listen()}};
  const std::string beside = absl::StrCat(path, ".", MakeUuid());
  {
    std::ofstream file(beside);
    file << ready.dump() << "\n";
    file.close();
    if (!file) return absl::UnavailableError(absl::StrCat("ready-file: cannot write ", beside));
  }
  std::error_code error;
  std::filesystem::rename(beside, path, error);
  if (error)
    return absl::UnavailableError(absl::StrCat("ready-file: cannot rename to ", path, ": ", error.message()));
  return absl::OkStatus();
}

}  // namespace slowwave
