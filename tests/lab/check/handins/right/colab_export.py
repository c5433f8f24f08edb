# -*- coding: utf-8 -*-
"""Lab2.ipynb, exported from Colab"""

from google.colab import drive
drive.mount('/content/drive')

get_ipython().system('pip install wandb')
get_ipython().run_line_magic('matplotlib', 'inline')

import numpy as np
import matplotlib.pyplot as plt
import wandb

wandb.init(project="dd2424")

class Params:
    def __init__(self, d, m, K):
        self.W1 = np.random.randn(m, d) / np.sqrt(d)
        self.b1 = np.zeros((m, 1))
        self.W2 = np.random.randn(K, m) / np.sqrt(m)
        self.b2 = np.zeros((K, 1))

"""## Forward pass"""

def evaluate(X, params):
    H = np.maximum(0, params.W1 @ X + params.b1)
    S = params.W2 @ H + params.b2
    P = np.exp(S) / np.ones((S.shape[0], S.shape[0])).dot(np.exp(S))
    return P, H

def cost_function(X, Y, params, lam):
    P, H = evaluate(X, params)
    return np.sum(-np.log(np.sum(Y * P, 0))) / X.shape[1] + lam * ((params.W1 ** 2).sum() + (params.W2 ** 2).sum())

"""## Backward pass"""

def gradients(X, Y, params, lam):
    P, H = evaluate(X, params)
    n = X.shape[1]
    G = P - Y
    gW2 = G @ H.T / n + 2 * lam * params.W2
    gb2 = G.mean(1, keepdims=True)
    G = params.W2.T @ G * (H > 0)
    gW1 = G @ X.T / n + 2 * lam * params.W1
    gb1 = G.mean(1, keepdims=True)
    return {"W1": gW1, "b1": gb1, "W2": gW2, "b2": gb2}

X_train = np.load('/content/drive/MyDrive/cifar/X.npy')
params = Params(3072, 50, 10)
plt.plot([cost_function(X_train, X_train[:10], params, 0)])
