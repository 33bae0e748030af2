"""Whom each example is mixed with, by a loop."""


def pairs_by_hand(predicted):
  """Each place's next fitting one, None if there is none."""
  m, found = len(predicted), []
  for i in range(m):
    after = [(i + step) % m for step in range(1, m)]
    same = i % 2 == 0
    fits = [j for j in after if (predicted[j] == predicted[i]) == same]
    found.append(fits[0] if fits else None)
  return found
