function Assignment3()
[X, Y, y] = LoadBatch('data_batch_1.mat');
NetParams = InitNet([size(X, 1), 50, 30, 10], true);
end

function NetParams = InitNet(m, use_bn)
NetParams.use_bn = use_bn;
for l = 1:numel(m) - 1
    NetParams.W{l} = randn(m(l + 1), m(l)) * sqrt(2 / m(l));
    NetParams.b{l} = zeros(m(l + 1), 1);
end
for l = 1:numel(m) - 2
    NetParams.gammas{l} = ones(m(l + 1), 1);
    NetParams.betas{l} = zeros(m(l + 1), 1);
end
end

function [P, Xs, Bn] = EvaluateClassifier(X, NetParams)
k = numel(NetParams.W);
Xs = cell(k, 1);
Xs{1} = X;
Bn = struct();
for l = 1:k - 1
    s = NetParams.W{l} * Xs{l} + NetParams.b{l};
    if NetParams.use_bn
        Bn.S{l} = s;
        Bn.mu{l} = mean(s, 2);
        Bn.v{l} = mean((s - Bn.mu{l}) .^ 2, 2);
        Bn.S_hat{l} = diag(Bn.v{l} + eps) ^ (-0.5) * (s - Bn.mu{l});
        s = NetParams.gammas{l} .* Bn.S_hat{l} + NetParams.betas{l};
    end
    Xs{l + 1} = max(0, s);
end
s = NetParams.W{k} * Xs{k} + NetParams.b{k};
P = exp(s) ./ sum(exp(s), 1);
end

function J = ComputeCost(X, Y, NetParams, lambda)
P = EvaluateClassifier(X, NetParams);
reg = 0;
for l = 1:numel(NetParams.W)
    reg = reg + sum(sum(NetParams.W{l} .^ 2));
end
J = mean(-log(sum(Y .* P, 1))) + lambda * reg;
end

function Grads = ComputeGradients(X, Y, NetParams, lambda)
[P, Xs, Bn] = EvaluateClassifier(X, NetParams);
k = numel(NetParams.W);
n = size(X, 2);
G = P - Y;
for l = k:-1:1
    if l < k && NetParams.use_bn
        Grads.gammas{l} = sum(G .* Bn.S_hat{l}, 2) / n;
        Grads.betas{l} = sum(G, 2) / n;
        G = BatchNormBackPass(G .* NetParams.gammas{l}, Bn.S{l}, Bn.mu{l}, Bn.v{l});
    end
    Grads.W{l} = G * Xs{l}' / n + 2 * lambda * NetParams.W{l};
    Grads.b{l} = sum(G, 2) / n;
    if l > 1
        G = (NetParams.W{l}' * G) .* (Xs{l} > 0);
    end
end
end

function G = BatchNormBackPass(G, s, mu, v)
n = size(G, 2);
G1 = G .* (v + eps) .^ (-0.5);
G2 = G .* (v + eps) .^ (-1.5);
D = s - mu;
G = G1 - sum(G1, 2) / n - D .* sum(G2 .* D, 2) / n;
end
