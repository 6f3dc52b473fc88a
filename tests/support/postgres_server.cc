#include "tests/support/postgres_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace slowwave {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);

[[noreturn]] void Fail(const std::string& what) { throw std::runtime_error("postgres: " + what); }

// The newest server that is installed.
std::string Program(const std::string& name) {
  std::filesystem::path best;
  int newest = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql")) {
    int version = 0;
    if (!absl::SimpleAtoi(entry.path().filename().string(), &version) || version <= newest) continue;
    if (!std::filesystem::exists(entry.path() / "bin" / name)) continue;
    newest = version;
    best = entry.path() / "bin" / name;
  }
  if (best.empty()) Fail(absl::StrCat(name, " is not installed; ./dev test installs it"));
  return best;
}

// Postgres refuses to run as root.
const passwd* Owner() {
  if (geteuid() != 0) return nullptr;
  const passwd* owner = getpwnam("postgres");
  if (owner == nullptr) Fail("there is no user postgres");
  return owner;
}

// Starts a program whose end is tied to ours. Its output goes to `log`.
pid_t Spawn(const std::vector<std::string>& command, const std::string& log) {
  const passwd* owner = Owner();
  const pid_t pid = fork();
  if (pid < 0) Fail("cannot fork");
  if (pid > 0) return pid;
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  if (owner != nullptr &&
      (setgroups(0, nullptr) != 0 || setgid(owner->pw_gid) != 0 || setuid(owner->pw_uid) != 0)) {
    _exit(126);
  }
  prctl(PR_SET_PDEATHSIG, SIGQUIT);
  std::vector<char*> arguments;
  for (const std::string& part : command) arguments.push_back(const_cast<char*>(part.c_str()));
  arguments.push_back(nullptr);
  execv(arguments[0], arguments.data());
  _exit(127);
}

std::string LogOf(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

int FreePort() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  const bool bound = bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
                     getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(socket);
  if (!bound) Fail("no free port");
  return ntohs(address.sin_port);
}

std::string MakeFolder() {
  std::string folder = std::filesystem::temp_directory_path() / "slowwave-postgres-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) Fail("cannot make a folder");
  if (const passwd* owner = Owner();
      owner != nullptr && chown(folder.c_str(), owner->pw_uid, owner->pw_gid) != 0) {
    Fail("cannot give the folder away");
  }
  return folder;
}

}  // namespace

PostgresServer::PostgresServer(bool durable, std::vector<std::string> settings)
    : folder_(MakeFolder()), settings_([&] {
        settings.insert(settings.begin(),
                        {"listen_addresses=127.0.0.1", "max_connections=60",
                         absl::StrCat("unix_socket_directories=", folder_), "timezone=Asia/Tokyo"});
        if (!durable)
          settings.insert(settings.end(), {"fsync=off", "full_page_writes=off", "synchronous_commit=off"});
        return settings;
      }()) {
  const std::string log = folder_ + "/initdb.log";
  const pid_t pid = Spawn({Program("initdb"), "--pgdata", folder_ + "/data", "--auth=trust",
                           "--username=slowwave", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"},
                          log);
  int status = 0;
  if (waitpid(pid, &status, 0) != pid || status != 0) Fail("initdb: " + LogOf(log));
  Start();
}

PostgresServer::~PostgresServer() {
  if (pid_ > 0) {
    Signal(SIGCONT);
    Stop(SIGQUIT);
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

PostgresServer& PostgresServer::Shared() {
  static PostgresServer server;
  return server;
}

void PostgresServer::Start() {
  if (port_ == 0) port_ = FreePort();
  std::vector<std::string> command = {Program("postgres"), "-D", folder_ + "/data", "-p",
                                      absl::StrCat(port_)};
  for (const std::string& setting : settings_) {
    command.push_back("-c");
    command.push_back(setting);
  }
  const std::string log = folder_ + "/server.log";
  pid_ = Spawn(command, log);
  const absl::Time deadline = absl::Now() + kPatience;
  while (PQping(Url().c_str()) != PQPING_OK) {
    if (waitpid(pid_, nullptr, WNOHANG) == pid_ || absl::Now() > deadline)
      Fail("does not start: " + LogOf(log));
    absl::SleepFor(absl::Milliseconds(5));
  }
}

void PostgresServer::Stop(int signal) {
  kill(pid_, signal);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
}

void PostgresServer::Signal(int signal) const {
  // The children first: a stopped parent would not hear of new ones.
  std::ifstream children(absl::StrCat("/proc/", pid_, "/task/", pid_, "/children"));
  kill(pid_, signal);
  pid_t child = 0;
  while (children >> child) kill(child, signal);
}

double PostgresServer::CpuSeconds() const {
  // Fields 14 to 17 of proc(5)'s stat: its own time in user and kernel mode, then that of children it waited
  // for.
  const auto ticks = [](pid_t process, int fields) {
    std::ifstream file(absl::StrCat("/proc/", process, "/stat"));
    std::string line;
    std::getline(file, line);
    const size_t name = line.rfind(") ");
    if (name == std::string::npos) return 0.0;  // it has just ended
    const std::vector<std::string> rest = absl::StrSplit(line.substr(name + 2), ' ');
    double sum = 0, one = 0;
    for (int i = 0; i < fields; ++i) {
      if (absl::SimpleAtod(rest.at(static_cast<size_t>(14 - 3 + i)), &one)) sum += one;
    }
    return sum;
  };
  double sum = ticks(pid_, 4);
  std::ifstream children(absl::StrCat("/proc/", pid_, "/task/", pid_, "/children"));
  for (pid_t child = 0; children >> child;) sum += ticks(child, 2);
  return sum / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::string PostgresServer::Url(const std::string& database) const {
  return absl::StrCat("postgres://slowwave@127.0.0.1:", port_, "/", database);
}

std::string PostgresServer::NewDatabase() {
  const std::string name = absl::StrCat("test_", ++databases_);
  Sql(Url(), absl::StrCat("CREATE DATABASE ", name));
  return Url(name);
}

void PostgresServer::DropDatabase(const std::string& url) {
  Sql(Url(), absl::StrCat("DROP DATABASE ", url.substr(url.rfind('/') + 1), " WITH (FORCE)"));
}

std::string PostgresServer::Sql(const std::string& url, const std::string& sql) {
  PGconn* connection = PQconnectdb(url.c_str());
  PGresult* result = PQexec(connection, sql.c_str());
  const ExecStatusType status = PQresultStatus(result);
  const std::string error = PQerrorMessage(connection);
  std::string value;
  if (status == PGRES_TUPLES_OK && PQntuples(result) > 0) value = PQgetvalue(result, 0, 0);
  PQclear(result);
  PQfinish(connection);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) Fail(error);
  return value;
}

}  // namespace slowwave
