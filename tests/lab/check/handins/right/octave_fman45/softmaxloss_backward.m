function dldx = softmaxloss_backward(x, labels)
batch = size(x, 2);
p = exp(x) ./ sum(exp(x), 1);
ind = sub2ind(size(x), labels(:)', 1:batch);
p(ind) = p(ind) - 1;
dldx = p / batch;
end
