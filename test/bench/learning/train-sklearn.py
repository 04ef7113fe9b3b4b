"""`python3 train-sklearn.py FOLDER EPOCHS ALPHA`: SGDClassifier on the matrix in a folder. Prints one JSON object, as run-trainer.ts does."""
import json
import resource
import sys
import time

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import SGDClassifier

folder, epochs, alpha = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
offsets = np.fromfile(folder + "/offsets", np.uint32).astype(np.int32)
indices = np.fromfile(folder + "/indices", np.uint32).astype(np.int32)
values = np.fromfile(folder + "/values", np.float64)
labels = np.fromfile(folder + "/labels", np.float32)
with open(folder + "/shape.json") as shape:
    held_out = json.load(shape)["heldOutCount"]
matrix = csr_matrix((values, indices, offsets), shape=(len(labels), 1 << 18))
train, test = matrix[:-held_out], matrix[-held_out:]
model = SGDClassifier(loss="log_loss", alpha=alpha, max_iter=epochs, tol=None, random_state=1)
started = time.perf_counter()
model.fit(train, labels[:-held_out])
seconds = time.perf_counter() - started
model.decision_function(test).astype(np.float64).tofile(folder + "/scores-sklearn")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"seconds": seconds, "peakBytes": peak}))
