"""Class names shared by builders and named domains.

It imports nothing, so that a listing is printed at once.
"""

DIGITS = tuple("0123456789")

SENTIMENTS = ("negative", "positive")

# Office-Caltech10's features are numbered 1 … 10 in this order; the files carry no names.
OFFICE_CALTECH10 = (
  "backpack",
  "bike",
  "calculator",
  "headphones",
  "keyboard",
  "laptop",
  "monitor",
  "mouse",
  "mug",
  "projector",
)

# GTSRB and the synthetic signs number the signs alike and name none; these are the signs' meanings.
SIGNS = (
  "speed limit 20",
  "speed limit 30",
  "speed limit 50",
  "speed limit 60",
  "speed limit 70",
  "speed limit 80",
  "end of speed limit 80",
  "speed limit 100",
  "speed limit 120",
  "no passing",
  "no passing for lorries",
  "priority at next crossing",
  "priority road",
  "give way",
  "stop",
  "no vehicles",
  "no lorries",
  "no entry",
  "danger",
  "bend to the left",
  "bend to the right",
  "double bend",
  "bumpy road",
  "slippery road",
  "road narrows on the right",
  "road works",
  "traffic lights",
  "pedestrians",
  "children",
  "cyclists",
  "snow or ice",
  "wild animals",
  "end of all limits",
  "turn right",
  "turn left",
  "straight ahead",
  "straight or right",
  "straight or left",
  "keep right",
  "keep left",
  "roundabout",
  "end of no passing",
  "end of no passing for lorries",
)

HEART_COLUMNS = (
  *("age", "sex", "cp", "trestbps", "chol", "fbs", "restecg", "thalach", "exang", "oldpeak"),
  *("slope", "ca", "thal"),
)
AIR_COLUMNS = ("PM10", "SO2", "NO2", "CO", "O3", "TEMP", "PRES", "DEWP", "RAIN", "WSPM")
AIR_STATIONS = (
  *("aotizhongxin", "changping", "dingling", "dongsi", "guanyuan", "gucheng"),
  *("huairou", "nongzhanguan", "shunyi", "tiantan", "wanliu", "wanshouxigong"),
)
# Of CWRU's bearings: B is the ball, IR the inner race, OR@h the outer race at h o'clock; then the
# diameter of the damage in mil.
CWRU_FAULTS = (
  *("B_14", "B_21", "B_28", "B_7", "IR_14", "IR_21", "IR_28", "IR_7"),
  *("OR@12_21", "OR@12_7", "OR@3_21", "OR@3_7", "OR@6_14", "OR@6_21", "OR@6_7"),
)
