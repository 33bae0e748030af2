"""What tests of builders share: a quiet TFDS, and a site to download from."""

import functools
import http.server
import threading

import pytest

from adapt.data import builders


@pytest.fixture
def quiet():
  builders.import_tfds().disable_progress_bar()


@pytest.fixture
def asked():
  """The paths that were asked of the site of `serve`, in order."""
  return []


@pytest.fixture
def serve(tmp_path, asked):
  """The folder `www` of tmp_path over HTTP; the value is (folder, URL)."""
  folder = tmp_path / "www"
  folder.mkdir()

  class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
      asked.append(self.path)

  handler = functools.partial(Handler, directory=folder)
  with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
