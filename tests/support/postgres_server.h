// A Postgres server of the test's own, on loopback and a free port, gone with the test.
#ifndef SLOWWAVE_TESTS_SUPPORT_POSTGRES_SERVER_H_
#define SLOWWAVE_TESTS_SUPPORT_POSTGRES_SERVER_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace slowwave {

// Throws std::runtime_error if something cannot be done. One thread.
class PostgresServer {
 public:
  // `settings` as in postgresql.conf. Not `durable`: no syncs, for tests that crash nothing.
  explicit PostgresServer(bool durable = false, std::vector<std::string> settings = {});
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // One for the whole process, not durable, started on first use.
  static PostgresServer& Shared();

  std::string Url(const std::string& database = "postgres") const;
  // A new, empty database. Returns its URL.
  std::string NewDatabase();
  void DropDatabase(const std::string& url);
  // Runs SQL; the first column of the first row, if there is one.
  static std::string Sql(const std::string& url, const std::string& sql);

  void Start();
  // SIGTERM smart, SIGINT fast, SIGQUIT immediate. Waits until it is gone.
  void Stop(int signal);
  // To all its processes, such as SIGSTOP and SIGCONT.
  void Signal(int signal) const;
  // Processor time that all its processes have used, those that have ended included.
  double CpuSeconds() const;
  int port() const { return port_; }
  // Made by NewDatabase so far; they are named test_1, test_2, ...
  int databases() const { return databases_; }

 private:
  const std::string folder_;
  const std::vector<std::string> settings_;
  int port_ = 0;
  pid_t pid_ = -1;
  int databases_ = 0;
};

}  // namespace slowwave

#endif  // SLOWWAVE_TESTS_SUPPORT_POSTGRES_SERVER_H_
