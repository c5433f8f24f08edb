% Assignment 2 in one script: functions at the end, as Matlab wants them.
addpath Datasets/cifar-10-batches-mat/;
A = load('data_batch_1.mat');
X = double(A.data') / 255;
[W, b] = InitParams(size(X, 1), 50, 10);
figure; plot(1:10);

function [W, b] = InitParams(d, m, K)
rng(400);
W = {randn(m, d) / sqrt(d), randn(K, m) / sqrt(m)};
b = {zeros(m, 1), zeros(K, 1)};
end

function [P, H] = EvaluateClassifier(X, W, b)
H = max(0, bsxfun(@plus, W{1} * X, b{1}));
s = bsxfun(@plus, W{2} * H, b{2});
P = bsxfun(@rdivide, exp(s), sum(exp(s), 1));
end

function J = ComputeCost(X, Y, W, b, lambda)
P = EvaluateClassifier(X, W, b);
J = -sum(log(sum(Y .* P, 1))) / size(X, 2);
for i = 1:numel(W)
    J = J + lambda * sum(W{i}(:) .^ 2);
end
end

function [grad_W, grad_b] = ComputeGradients(X, Y, P, H, W, b, lambda)
n = size(X, 2);
G = P - Y;
grad_W{2} = G * H' / n + 2 * lambda * W{2};
grad_b{2} = sum(G, 2) / n;
G = (W{2}' * G) .* (H > 0);
grad_W{1} = G * X' / n + 2 * lambda * W{1};
grad_b{1} = sum(G, 2) / n;
end
