"""Chromium without a window, told what to do through its DevTools protocol, on a pair of pipes."""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find():
  """The browser's path, or None."""
  return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
  """One page. `sent` holds the address of everything that it asked for."""

  def __init__(self, folder, size=(1400, 1000)):
    # Descriptors above 9 are none of those that the browser's own are moved to.
    commands, self.write = map(_high, os.pipe())
    self.read, replies = map(_high, os.pipe())
    flags = [
      *("--headless", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run"),
      *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
      *(f"--user-data-dir={folder}", f"--window-size={size[0]},{size[1]}"),
      *(["--no-sandbox"] if os.geteuid() == 0 else []),
      "about:blank",
    ]
    self.process = subprocess.Popen(
      ["bash", "-c", f'exec "$@" 3<&{commands} 4>&{replies}', "bash", find(), *flags],
      pass_fds=(commands, replies),
      stdout=subprocess.DEVNULL,
      stderr=subprocess.DEVNULL,
    )
    os.close(commands)
    os.close(replies)
    self.number, self.buffer, self.session, self.seen, self.sent = 0, b"", None, [], []
    target = self.ask("Target.createTarget", url="about:blank")["targetId"]
    self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Page", "Network", "Runtime", "Log"):
      self.ask(f"{domain}.enable")

  def ask(self, method, **params):
    """The reply to one command; raises RuntimeError if it is an error."""
    self.number += 1
    message = {"id": self.number, "method": method, "params": params}
    if self.session:
      message["sessionId"] = self.session
    os.write(self.write, json.dumps(message).encode() + b"\0")
    reply = self._until(lambda m, number=self.number: m.get("id") == number)
    if "error" in reply:
      raise RuntimeError(f"{method}: {reply['error']}")
    return reply["result"]

  def open(self, path):
    """Loads a file and waits until all of it is there."""
    self.ask("Page.navigate", url=path.as_uri())
    self._until(lambda m: m.get("method") == "Page.loadEventFired")

  def value(self, expression):
    """What a JavaScript expression is worth; promises are waited for."""
    reply = self.ask(
      "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
    )
    if "exceptionDetails" in reply:
      raise RuntimeError(str(reply["exceptionDetails"]))
    return reply["result"].get("value")

  def press(self, key, code, text=""):
    """A key goes down and up where the focus is."""
    about = {"key": key, "windowsVirtualKeyCode": code}
    self.ask("Input.dispatchKeyEvent", type="keyDown", text=text, **about)
    self.ask("Input.dispatchKeyEvent", type="keyUp", **about)

  def type(self, text):
    """Text is put in where the focus is."""
    self.ask("Input.insertText", text=text)

  def complaints(self):
    """What the page's console and its security policy had to say."""
    kinds = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
    return [m["params"] for m in self.seen if m.get("method") in kinds]

  def screenshot(self, path):
    """Writes what the window shows."""
    path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot")["data"]))

  def close(self):
    """Ends the browser."""
    os.close(self.write)
    os.close(self.read)
    self.process.kill()
    self.process.wait()

  def _until(self, wanted, seconds=60):
    end = time.monotonic() + seconds
    while True:
      while b"\0" in self.buffer:
        line, _, self.buffer = self.buffer.partition(b"\0")
        message = json.loads(line)
        self.seen.append(message)
        if message.get("method") == "Network.requestWillBeSent":
          self.sent.append(message["params"]["request"]["url"])
        if wanted(message):
          return message
      if not select.select([self.read], [], [], max(0, end - time.monotonic()))[0]:
        raise TimeoutError("the browser does not answer")
      part = os.read(self.read, 2**20)
      if not part:
        raise RuntimeError("the browser ended")
      self.buffer += part


def _high(descriptor):
  moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
  os.close(descriptor)
  return moved
