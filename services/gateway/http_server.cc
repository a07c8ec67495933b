#include <utility>  // Boost 1.74's coroutine headers use std::exchange without it

#include "gateway/http_server.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <chrono>
#include <limits>
#include <optional>
#include <thread>
#include <type_traits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "gateway/guests.h"
#include "platform/tls/server_context.h"

namespace gridwarden::gateway {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
using tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr size_t kLingerBytesMax = 4 * 1024 * 1024;
constexpr std::chrono::seconds kLingerTime{2};
constexpr std::chrono::seconds kTlsCloseTime{1};
constexpr unsigned char kTlsHandshake =
    0x16;  // the first byte of who begins TLS; no method of HTTP begins so
// How long a drain waits for the first request of those it has let in: a caller has connected and is about to
// send.
constexpr std::chrono::milliseconds kFirstRequestGrace{500};

std::string Lower(beast::string_view text) {
  std::string lower(text.data(), text.size());
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// An IPv4 caller of a socket for both is still an IPv4 caller.
std::string AddressText(const asio::ip::address& address) {
  const bool mapped = address.is_v6() && address.to_v6().is_v4_mapped();
  return mapped ? asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string()
                : address.to_string();
}

HttpRequest HeadOf(const http::request_parser<http::string_body>& parser, const std::string& peer,
                   bool secure) {
  HttpRequest head;
  const auto& message = parser.get();
  head.method = std::string(message.method_string());
  const std::string target(message.target());
  const size_t question = target.find('?');
  head.path = target.substr(0, question);
  if (question != std::string::npos) head.query = target.substr(question + 1);
  head.secure = secure;
  if (head.path.empty()) head.path = "/";
  head.peer = peer;
  for (const auto& field : message) head.headers[Lower(field.name_string())] = std::string(field.value());
  return head;
}

http::response<http::string_body> MessageOf(HttpResponse response, unsigned version, bool keep_alive,
                                            bool is_head) {
  http::response<http::string_body> message;
  message.version(version);
  message.result(static_cast<unsigned>(response.status));
  for (const auto& [name, value] : response.headers) message.insert(name, value);
  message.keep_alive(keep_alive);
  const bool no_body = response.status == 304 || response.status == 204;
  if (!no_body) message.content_length(response.body.size());
  if (!is_head && !no_body) message.body() = std::move(response.body);
  return message;
}

}  // namespace

// In the coroutines below everything that needs a destructor has a name: g++ 12 destroys some temporaries of
// a co_await expression twice.
class HttpServer::Core : public std::enable_shared_from_this<HttpServer::Core> {
 public:
  Core(const HttpServerOptions& options, Site site)
      : options_(options),
        site_(std::move(site)),
        guests_({.all = options.connections_max,
                 .per_address = options.connections_per_address_max,
                 .unlimited = options.addresses_without_limit}),
        context_(options.threads),
        acceptor_(asio::make_strand(context_)) {}

  absl::Status Open() {
    error_code error;
    const auto address = asio::ip::make_address(options_.address, error);
    if (error) return InvalidField("listen_http", absl::StrCat("no address: ", options_.address));
    const tcp::endpoint endpoint(address, static_cast<unsigned short>(options_.port));
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return absl::UnavailableError(
          absl::StrCat("cannot listen on ", options_.address, ":", options_.port, ": ", error.message()));
    }
    port_ = acceptor_.local_endpoint().port();
    asio::co_spawn(acceptor_.get_executor(), Accept(), asio::detached);
    for (int i = 0; i < options_.threads; ++i) {
      threads_.emplace_back([this] { context_.run(); });
    }
    return absl::OkStatus();
  }

  void Drain(absl::Duration grace) {
    draining_.store(true);
    asio::post(acceptor_.get_executor(), [this] {
      TakeWaiting();
      error_code ignored;
      acceptor_.close(ignored);
      closed_.store(true);
    });
    // Idle connections are ended by the stop below; those with an answer under way end after it.
    const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(grace);
    const auto first_deadline = std::min(deadline, std::chrono::steady_clock::now() + kFirstRequestGrace);
    while (!context_.stopped()) {
      const auto now = std::chrono::steady_clock::now();
      // In this order: a connection is busy before it is no longer fresh.
      const bool fresh = !closed_.load() || fresh_.load() > 0;
      const bool busy = busy_.load() > 0;
      if (!(busy && now < deadline) && !(fresh && now < first_deadline)) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    context_.stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  int port() const { return port_; }
  int connections() const { return guests_.count(); }
  uint64_t turned_away() const { return guests_.turned_away(); }

 private:
  asio::awaitable<void> Accept() {
    while (!draining_.load()) {
      error_code error;
      tcp::socket socket(asio::make_strand(context_));
      co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
      if (error == asio::error::operation_aborted) co_return;
      if (error) {  // out of file descriptors: wait for some to come back
        asio::steady_timer timer(context_, std::chrono::milliseconds(50));
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
        continue;
      }
      Admit(std::move(socket));
    }
  }

  void Admit(tcp::socket socket) {
    error_code error;
    const tcp::endpoint remote = socket.remote_endpoint(error);
    const std::string peer = error ? "" : AddressText(remote.address());
    socket.set_option(tcp::no_delay(true), error);
    const auto line = std::make_shared<Line>(std::move(socket), peer, fresh_);
    line->guest = guests_.Admit(peer, [weak = std::weak_ptr<Line>(line)] {
      const std::shared_ptr<Line> line = weak.lock();
      if (line == nullptr) return;
      asio::post(line->stream.get_executor(), [line] {
        if (line->waiting) line->stream.close();
      });
    });
    if (line->guest == nullptr) return;  // closed as it goes out of scope
    asio::co_spawn(line->stream.get_executor(), Serve(line), asio::detached);
  }

  // Lets in who has connected and was not yet accepted: closing the listening socket would cut them off.
  void TakeWaiting() {
    error_code error;
    acceptor_.non_blocking(true, error);
    while (!error) {
      tcp::socket socket(asio::make_strand(context_));
      acceptor_.accept(socket, error);
      if (!error) Admit(std::move(socket));
    }
  }

  // What one body takes of the room for all of them, while it lives. Small bodies take none.
  class BodyRoom {
   public:
    BodyRoom(std::atomic<size_t>& used, size_t most) : used_(used), most_(most) {}
    ~BodyRoom() { Leave(); }
    BodyRoom(const BodyRoom&) = delete;

    void Leave() {
      used_.fetch_sub(bytes_);
      bytes_ = 0;
    }

    // False when there is no room for so many bytes; then it keeps what it has.
    bool Grow(size_t bytes) {
      if (bytes <= kSmallBody || bytes <= bytes_) return true;
      const size_t more = bytes - bytes_;
      if (used_.fetch_add(more) + more > most_) {
        used_.fetch_sub(more);
        return false;
      }
      bytes_ = bytes;
      return true;
    }

   private:
    static constexpr size_t kSmallBody = 64 * 1024;
    std::atomic<size_t>& used_;
    const size_t most_;
    size_t bytes_ = 0;
  };

  // Counts something while it lives.
  class Count {
   public:
    explicit Count(std::atomic<int>& count) : count_(count) { count_.fetch_add(1); }
    ~Count() { count_.fetch_sub(1); }
    Count(const Count&) = delete;

   private:
    std::atomic<int>& count_;
  };

  // One connection. It is `fresh` until its first request is there. Its coroutines run on one strand.
  struct Line {
    Line(tcp::socket socket, std::string peer, std::atomic<int>& fresh)
        : stream(std::move(socket)), peer(std::move(peer)), fresh(std::in_place, fresh) {}

    beast::tcp_stream stream;
    const std::string peer;
    std::optional<Count> fresh;
    std::unique_ptr<Guests::Guest> guest;
    bool waiting = true;  // for a request
    bool secure = false;
  };

  asio::awaitable<void> Serve(std::shared_ptr<Line> line) {
    error_code error;
    beast::flat_buffer buffer(options_.header_bytes_max);
    if (options_.tls) {
      co_await ServeEither(*line, buffer);
    } else {
      co_await Converse(line->stream, *line, buffer);
    }
    line->stream.socket().shutdown(tcp::socket::shutdown_both, error);
  }

  // TLS or plain HTTP, as the first byte says.
  asio::awaitable<void> ServeEither(Line& line, beast::flat_buffer& buffer) {
    error_code error;
    line.stream.expires_after(absl::ToChronoMilliseconds(options_.handshake_timeout));
    const size_t got = co_await line.stream.async_read_some(buffer.prepare(4096),
                                                            asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    buffer.commit(got);
    if (*static_cast<const unsigned char*>(buffer.data().data()) != kTlsHandshake) {
      co_await Converse(line.stream, line, buffer);
      co_return;
    }
    const std::shared_ptr<tls::ServerContext> context = options_.tls();
    beast::ssl_stream<beast::tcp_stream&> secured(line.stream, context->context);
    const size_t used = co_await secured.async_handshake(ssl::stream_base::server, buffer.data(),
                                                         asio::redirect_error(asio::use_awaitable, error));
    buffer.consume(used);
    // What is left would be read as a request, though nobody vouches for it.
    if (error || buffer.size() > 0) co_return;
    line.secure = true;
    co_await Converse(secured, line, buffer);
    line.stream.expires_after(kTlsCloseTime);
    co_await secured.async_shutdown(asio::redirect_error(asio::use_awaitable, error));
  }

  // Request after request.
  template <typename Stream>
  asio::awaitable<void> Converse(Stream& stream, Line& line, beast::flat_buffer& buffer) {
    error_code error;
    bool open = true;
    while (open && (line.fresh || !draining_.load())) {
      line.waiting = true;
      line.guest->Waits();
      if (buffer.size() == 0) {  // nothing of the next request yet: idle
        line.stream.expires_after(absl::ToChronoMilliseconds(options_.idle_timeout));
        const size_t got = co_await stream.async_read_some(buffer.prepare(4096),
                                                           asio::redirect_error(asio::use_awaitable, error));
        if (error) break;
        buffer.commit(got);
      }
      open = co_await ServeOne(stream, line, buffer);
    }
  }

  // One request and its answer. False when the connection is at its end.
  template <typename Stream>
  asio::awaitable<bool> ServeOne(Stream& stream, Line& line, beast::flat_buffer& buffer) {
    error_code error;
    http::request_parser<http::string_body> parser;
    parser.header_limit(static_cast<uint32_t>(options_.header_bytes_max));
    parser.body_limit(std::numeric_limits<uint64_t>::max());  // until the head says which limit holds
    line.stream.expires_after(absl::ToChronoMilliseconds(options_.header_timeout));
    co_await http::async_read_header(stream, buffer, parser,
                                     asio::redirect_error(asio::use_awaitable, error));
    if (error) {
      co_await Refuse(stream, error);
      co_return false;
    }
    const Count busy(busy_);
    line.fresh.reset();
    line.waiting = false;
    line.guest->Served();
    const HttpRequest head = HeadOf(parser, line.peer, line.secure);
    const size_t limit = site_.body_limit(head);
    const unsigned version = parser.get().version();
    const bool is_head = head.method == "HEAD";
    if (parser.content_length() && *parser.content_length() > limit) {
      http::response<http::string_body> refusal = MessageOf(site_.too_large(head), version, false, is_head);
      co_await Write(stream, refusal);
      co_await Linger(stream);
      co_return false;
    }
    parser.body_limit(limit);
    line.stream.expires_after(absl::ToChronoMilliseconds(options_.body_timeout));
    if (!parser.is_done() && Lower(parser.get()[http::field::expect]) == "100-continue") {
      static constexpr char kContinue[] = "HTTP/1.1 100 Continue\r\n\r\n";
      co_await asio::async_write(stream, asio::buffer(kContinue, sizeof(kContinue) - 1),
                                 asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return false;
    }
    // A body may be far larger than the buffer that heads are read into. Strangers send them too, so the sum
    // of all is limited.
    BodyRoom room(bodies_bytes_, options_.bodies_bytes_max);
    bool has_room = true;
    while (!error && has_room && !parser.is_done()) {
      co_await http::async_read_some(stream, buffer, parser,
                                     asio::redirect_error(asio::use_awaitable, error));
      has_room = room.Grow(parser.get().body().size());
    }
    if (!has_room) {
      parser.get().body() = std::string();  // room for the others while this one is told
      room.Leave();
      http::response<http::string_body> refusal = MessageOf(site_.too_busy(head), version, false, is_head);
      co_await Write(stream, refusal);
      co_await Linger(stream);
      co_return false;
    }
    if (error == http::error::body_limit) {
      http::response<http::string_body> refusal = MessageOf(site_.too_large(head), version, false, is_head);
      co_await Write(stream, refusal);
      co_await Linger(stream);
      co_return false;
    }
    if (error) {
      co_await Refuse(stream, error);
      co_return false;
    }
    const bool keep_alive = parser.get().keep_alive();
    HttpRequest request = head;
    request.body = std::move(parser.get().body());
    line.stream.expires_never();
    HttpResponse response = co_await Handled(line.stream, std::move(request));
    const bool in_clear = options_.tls && !line.secure;  // told what to do, and done
    const bool stay = keep_alive && !in_clear && !draining_.load();
    http::response<http::string_body> message = MessageOf(std::move(response), version, stay, is_head);
    const bool written = co_await Write(stream, message);
    co_return written&& stay;
  }

  // Waits for the site's answer without holding a thread.
  asio::awaitable<HttpResponse> Handled(beast::tcp_stream& stream, HttpRequest request) {
    auto start = [this, executor = stream.get_executor(), &request](auto handler) {
      auto shared = std::make_shared<decltype(handler)>(std::move(handler));
      site_.handle(std::move(request), [self = shared_from_this(), executor, shared](HttpResponse response) {
        asio::post(executor,
                   [shared, response = std::move(response)]() mutable { (*shared)(std::move(response)); });
      });
    };
    HttpResponse response = co_await asio::async_initiate<decltype(asio::use_awaitable), void(HttpResponse)>(
        start, asio::use_awaitable);
    co_return response;
  }

  template <typename Stream>
  asio::awaitable<bool> Write(Stream& stream, http::response<http::string_body>& message) {
    error_code error;
    beast::get_lowest_layer(stream).expires_after(absl::ToChronoMilliseconds(options_.write_timeout));
    co_await http::async_write(stream, message, asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
  }

  // Says what was wrong with a request that could not even be read; nothing when the caller has gone.
  template <typename Stream>
  asio::awaitable<void> Refuse(Stream& stream, error_code error) {
    if (error.category() != http::make_error_code(http::error::bad_method).category()) co_return;
    if (error == http::error::end_of_stream || error == http::error::partial_message) co_return;
    const int status =
        error == http::error::header_limit || error == http::error::buffer_overflow ? 431 : 400;
    HttpResponse response{.status = status,
                          .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
                          .body = absl::StrCat("bad request: ", error.message(), "\n")};
    http::response<http::string_body> message = MessageOf(std::move(response), 11, false, false);
    co_await Write(stream, message);
    co_await Linger(stream);
  }

  // Reads on for a moment what the caller still sends, so that the answer is not lost in a reset.
  template <typename Stream>
  asio::awaitable<void> Linger(Stream& stream) {
    error_code error;
    // Within TLS the end is said last: a caller who still sends would take it for a breach.
    if constexpr (std::is_same_v<Stream, beast::tcp_stream>) {
      stream.socket().shutdown(tcp::socket::shutdown_send, error);
    }
    beast::get_lowest_layer(stream).expires_after(kLingerTime);
    std::vector<char> dropped(16 * 1024);
    for (size_t total = 0; !error && total < kLingerBytesMax;) {
      total += co_await stream.async_read_some(asio::buffer(dropped),
                                               asio::redirect_error(asio::use_awaitable, error));
    }
  }

  const HttpServerOptions options_;
  const Site site_;
  std::atomic<bool> draining_{false};
  std::atomic<size_t> bodies_bytes_{0};
  std::atomic<int> busy_{0};   // requests under way
  std::atomic<int> fresh_{0};  // connections that have not sent their first request
  std::atomic<bool> closed_{false};
  int port_ = 0;
  Guests guests_;
  asio::io_context context_;  // destroyed before what its coroutines use
  tcp::acceptor acceptor_;
  std::vector<std::thread> threads_;
};

HttpServer::HttpServer(std::shared_ptr<Core> core) : core_(std::move(core)) {}

HttpServer::~HttpServer() { core_->Drain(absl::ZeroDuration()); }

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options, Site site) {
  auto core = std::make_shared<Core>(options, std::move(site));
  GW_RETURN_IF_ERROR(core->Open());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(core)));
}

int HttpServer::port() const { return core_->port(); }

int HttpServer::connections() const { return core_->connections(); }

uint64_t HttpServer::turned_away() const { return core_->turned_away(); }

void HttpServer::Drain(absl::Duration grace) { core_->Drain(grace); }

}  // namespace gridwarden::gateway
